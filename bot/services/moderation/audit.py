"""Moderators' decisions: each is written down in the unit of work that carries it out."""

from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, TypeVar

from bot.domain.audit import Action, AuditEntry, AuditFacts
from bot.domain.errors import ConflictError
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork

P = ParamSpec("P")
T = TypeVar("T")
ATTEMPTS = 3
"""How often a decision is tried that meets another move of one of its requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whose decision it is, and where; the interaction by which it was made makes it once."""

    interaction_id: int
    guild_id: int
    actor_id: int


async def run_action(store: Store, unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What the unit gives, which is tried again where a request that it moves has just moved otherwise.

    Raises:
        StaleError: that happened every time.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await store.write(unit, *args, **kwargs)
        except ConflictError:
            continue
    return await store.write(unit, *args, **kwargs)


def record_action(
    uow: UnitOfWork,
    actor: Actor,
    action: Action,
    *,
    subject_id: int | None = None,
    before: AuditFacts | None = None,
    after: AuditFacts | None = None,
    reason: str | None = None,
    now: datetime,
) -> bool:
    """The decision is in the audit log, and will be in the server's log channel if it has one.

    False when this very interaction made it before: then nothing more is to be done.
    """
    change = AuditEntry(
        id=actor.interaction_id,
        guild_id=actor.guild_id,
        actor_id=actor.actor_id,
        action=action,
        subject_id=subject_id,
        before=before or {},
        after=after or {},
        reason=reason,
        at=now,
    )
    announce = uow.guilds.settings(actor.guild_id).log_channel_id is not None
    return uow.audit_log.add(change, announce=announce)
