"""Moderators' decisions: each is written down in the unit of work that carries it out."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.changes import Action, Change, Facts
from bot.services.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Whose decision it is, and where; the interaction by which it was made makes it once."""

    interaction_id: int
    guild_id: int
    actor_id: int


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
