"""Audit log entries: who changed what, from what to what, and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

AuditFacts: TypeAlias = dict[str, str | int | None]
"""The values that an action set, by name; None means that the value is unset and the default applies."""


class Action(StrEnum):
    """The kind of a moderator's action; it decides what `AuditEntry.subject_id` refers to."""

    GRANT = "grant"
    """Subject: a member, as for all kinds down to `UNBLOCK`."""
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
    """Subject: none, as for all settings; channels are among the facts."""
    RESULTS_CHANNEL = "results_channel"
    APPROVAL = "approval"
    LOG_CHANNEL = "log_channel"
    MODEL = "model"
    LIMITS = "limits"
    CANCEL = "cancel"
    """Subject: the member who placed the request, as for the next three; the request is among the facts."""
    APPROVE = "approve"
    DECLINE = "decline"
    REMOVE_SONG = "remove_song"
    ADD_PLAYLIST = "add_playlist"
    """Subject: none; the name is among the facts."""
    REMOVE_PLAYLIST = "remove_playlist"
    DEFAULT_PLAYLIST = "default_playlist"
    SHOWCASE = "showcase"
    """Subject: none, as for all settings."""
    ONLY_SAVED = "only_saved"
    WORDS = "words"
    CLOSE = "close"
    OPEN = "open"
    NEXT = "next"
    """Subject: the member who placed the request."""
    NEWS = "news"
    """How members are told of what moderators give them. Subject: none, as for all settings."""


TOLD_TO_MEMBER = frozenset({Action.GRANT, Action.MEMBER_ALLOWANCE, Action.UNBLOCK})
"""Actions that their member is told of; a block is told by every refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One action of a moderator; `id` is the id of its Discord interaction."""

    id: int
    guild_id: int
    actor_id: int
    action: Action
    subject_id: int | None = None
    before: AuditFacts
    after: AuditFacts
    reason: str | None = None
    """In the moderator's own words."""
    at: datetime

    @property
    def is_news(self) -> bool:
        """Return True if it gives its member something that the member cannot know yet."""
        changes = self.before != self.after or self.action is Action.UNBLOCK
        return self.action in TOLD_TO_MEMBER and changes and self.subject_id != self.actor_id
