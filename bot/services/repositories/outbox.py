"""The outbox as the services see it: what Discord has yet to be told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.services.runtime.lease import Lease


class MessageKind(StrEnum):
    """What is to be said in Discord; a request has at most one of each, always about its present state."""

    STATUS = "status"
    RESULT = "result"
    APPROVAL = "approval"
    """What moderators decide by, in the channel that they chose for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """Something to say, in the hand of one courier."""

    request_id: int
    kind: MessageKind
    version: int
    attempts: int
    """How often it failed since it was last said."""
    sent: str | None = None
    """The mark of what was last said."""
    attempt: str | None = None
    """Where somebody set out to say it before, when nobody knows what came of that."""


class Outbox(Protocol):
    """The outbox: what Discord has yet to be told."""

    def create(
        self, request_id: int, kind: MessageKind, *, fingerprint: str, not_before: datetime, next_at: datetime
    ) -> None:
        """Begin with what the answer to the command says (`mark`); look at it at `next_at`."""
        ...

    def mark_due(self, request_id: int, kind: MessageKind, *, due_at: datetime) -> None:
        """There is something (new) to say at `due_at`; several such are said once."""
        ...

    def mark_queue_due(self, guild_id: int | None, *, due_at: datetime) -> None:
        """There is something new to say at `due_at` of each request that waits, there or in all servers."""
        ...

    def claim_due(self, *, now: datetime, lease: Lease, limit: int) -> list[OutboxMessage]:
        """At most `limit` notices that are due and in nobody's hand, now leased; longest due first."""
        ...

    def extend_lease(self, message: OutboxMessage, *, until: datetime) -> None:
        """Keep it in hand until then, counted from now.

        Raises:
            StaleError: another courier has it in hand by now.
        """
        ...

    def record_attempt(self, message: OutboxMessage, attempt: str | None) -> None:
        """Before it is said: where; None when it surely was not said there. `said` forgets it, `failed` not.

        Raises:
            StaleError: another courier has it in hand by now.
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
        """It was said: give up the lease, let no more be said before `not_before`, look again at `next_at`.

        A touch that came meanwhile keeps its own time.
        """
        ...

    def reschedule(self, message: OutboxMessage, *, next_at: datetime) -> None:
        """It could not be said: count it, give up the lease and try again at `next_at`."""
        ...

    def drop(self, request_id: int) -> None:
        """Say nothing more of the request."""
        ...

    def next_due_at(self) -> datetime | None:
        """When the next notice that nobody has in hand comes due."""
        ...
