"""Moderators' decisions: each is written down in the unit of work that carries it out."""

from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, TypeVar

from bot.domain.changes import Action, Change, Facts
from bot.domain.errors import StaleError
from bot.services.work import NamedUnit, Store, Work

P = ParamSpec("P")
T = TypeVar("T")
ATTEMPTS = 3
"""How often a decision is tried that meets another move of one of its requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Whose decision it is, and where; the interaction by which it was made makes it once."""

    interaction_id: int
    guild_id: int
    actor_id: int


async def made(store: Store, unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What the unit gives, which is tried again where a request that it moves has just moved otherwise.

    Raises:
        StaleError: that happened every time.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await store.write(unit, *args, **kwargs)
        except StaleError:
            continue
    return await store.write(unit, *args, **kwargs)


def decide(
    work: Work,
    by: By,
    action: Action,
    *,
    subject_id: int | None = None,
    before: Facts | None = None,
    after: Facts | None = None,
    reason: str | None = None,
    now: datetime,
) -> bool:
    """The decision is in the audit log, and will be in the server's log channel if it has one.

    False when this very interaction made it before: then nothing more is to be done.
    """
    change = Change(
        id=by.interaction_id,
        guild_id=by.guild_id,
        actor_id=by.actor_id,
        action=action,
        subject_id=subject_id,
        before=before or {},
        after=after or {},
        reason=reason,
        at=now,
    )
    announce = work.guilds.settings(by.guild_id).log_channel_id is not None
    return work.changes.add(change, announce=announce)
