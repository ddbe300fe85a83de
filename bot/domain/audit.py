"""What moderators decided: an entry of the audit log says who changed what, from what to what, and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

AuditFacts: TypeAlias = dict[str, str | int | None]
"""What was settled, by the name of each value; None is nothing of its own."""


class Action(StrEnum):
    """What kind of decision it was, and so what `Change.subject_id` names."""

    GRANT = "grant"
    """Subject: a member, as with all down to `UNBLOCK`."""
    MEMBER_ALLOWANCE = "member_allowance"
    RESET = "reset"
    BLOCK = "block"
    UNBLOCK = "unblock"
    ROLE_ALLOWANCE = "role_allowance"
    """Subject: a role."""
    EVERYONE_ALLOWANCE = "everyone_allowance"
    BUDGET = "budget"
    PAUSE = "pause"
    RESUME = "resume"
    REQUESTS_CHANNEL = "requests_channel"
    """Subject: none, as with all settings; channels are among the facts."""
    RESULTS_CHANNEL = "results_channel"
    APPROVAL = "approval"
    LOG_CHANNEL = "log_channel"
    MODEL = "model"
    LIMITS = "limits"
    CANCEL = "cancel"
    """Subject: the member whose request it was, as with the next three; the request is among the facts."""
    APPROVE = "approve"
    DECLINE = "decline"
    REMOVE_SONG = "remove_song"
    ADD_PLAYLIST = "add_playlist"
    """Subject: none; the name is among the facts."""
    REMOVE_PLAYLIST = "remove_playlist"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One decision; its id is the id of the interaction by which it was made."""

    id: int
    guild_id: int
    actor_id: int
    action: Action
    subject_id: int | None = None
    before: AuditFacts
    after: AuditFacts
    reason: str | None = None
    """In the moderator's words."""
    at: datetime
