"""The persistence port of the outbox: messages that Discord has not accepted yet."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.domain.leases import Lease


class MessageKind(StrEnum):
    """The kinds of messages; a source has at most one of each, always about its current state.

    The source is a request, for audit messages and news an audit entry, for welcomes and digests a server.
    """

    STATUS = "status"
    RESULT = "result"
    APPROVAL = "approval"
    """The message with which moderators approve or decline, in the channel that they chose for it."""
    AUDIT = "audit"
    """A moderator's decision, in the server's log channel."""
    SHOWCASE = "showcase"
    """A much-loved song's result, forwarded to the server's showcase; `sent` has the ids of its posts."""
    WELCOME = "welcome"
    """What the bot says in a server that it has joined."""
    DIGEST = "digest"
    """What a week came to, in the server's log channel; `sent` is the week, and the next one has its time."""
    NEWS = "news"
    """What moderators decided for a member, as a direct message where the server wants that."""


OF_AUDIT_ENTRY = frozenset({MessageKind.AUDIT, MessageKind.NEWS})
"""The kinds whose source is an audit entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A message to send, leased by one dispatcher."""

    source_id: int
    """The id of the request or the audit entry that it is about."""
    kind: MessageKind
    version: int
    attempts: int
    """How many attempts failed since it was last sent."""
    sent: str | None = None
    """The fingerprint of what was last sent."""
    guild_id: int = 0
    """The server that it belongs to."""
    is_urgent: bool = False
    """True for a result, and for the status of a request that has ended; such messages come first."""
    attempt: str | None = None
    """The delivery attempt whose outcome is unknown, as text."""


class Outbox(Protocol):
    """The messages that Discord has not accepted yet."""

    def create(
        self, source_id: int, kind: MessageKind, *, fingerprint: str, not_before: datetime, next_at: datetime
    ) -> None:
        """Create a message that the command's answer has sent (`fingerprint`); it is due at `next_at`."""
        ...

    def create_once(self, source_id: int, kind: MessageKind, *, due_at: datetime) -> None:
        """Create a message that is due, unless the source has, or had, one of the kind."""
        ...

    def mark_due(self, source_id: int, kind: MessageKind, *, due_at: datetime) -> None:
        """Mark a message due at `due_at`; several such changes are sent as one."""
        ...

    def mark_queue_due(self, guild_id: int | None, *, due_at: datetime) -> None:
        """Mark the status messages of waiting requests due at `due_at`, of one server or of all (None)."""
        ...

    def claim_due(
        self, *, now: datetime, lease: Lease, limit: int, others: int | None = None, after: int = 0
    ) -> list[OutboxMessage]:
        """Lease and return at most `limit` due messages that are not leased: urgent ones first.

        Of the others, at most `others` are claimed. Servers take turns, from the first one whose id is larger
        than `after`; of a server, the longest due comes first.
        """
        ...

    def extend_lease(self, message: OutboxMessage, *, until: datetime) -> None:
        """Extend the lease to `until`.

        Raises:
            ConflictError: another dispatcher has leased the message since.
        """
        ...

    def record_attempt(self, message: OutboxMessage, attempt: str | None) -> None:
        """Store where the message is about to be sent; None if it was certainly not sent there.

        `mark_sent` clears it, `reschedule` does not.

        Raises:
            ConflictError: another dispatcher has leased the message since.
        """
        ...

    def mark_sent(
        self,
        message: OutboxMessage,
        *,
        fingerprint: str | None,
        not_before: datetime,
        next_at: datetime | None,
    ) -> None:
        """Mark the message as sent: release the lease, send nothing before `not_before`, check at `next_at`.

        A change that was marked due meanwhile keeps its own time.
        """
        ...

    def postpone(self, message: OutboxMessage, *, next_at: datetime) -> None:
        """Release the lease of a message that was not tried, and make it due at `next_at`."""
        ...

    def reschedule(self, message: OutboxMessage, *, next_at: datetime) -> None:
        """Count a failed attempt, release the lease and retry at `next_at`."""
        ...

    def drop(self, request_id: int) -> None:
        """Delete all messages of the request."""
        ...

    def next_due_at(self, *, only_urgent: bool = False) -> datetime | None:
        """Return when the next message that is not leased is due."""
        ...
