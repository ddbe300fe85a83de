"""TODO."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.audit import AuditEntry
from bot.services.runtime.lease import Lease


@dataclass(frozen=True, slots=True)
class DueAuditEntry:
    """A decision that has to be posted, in the hand of one worker."""

    entry: AuditEntry
    attempts: int
    """How often that failed."""
    owner: str
    """Whose lease it is."""


class AuditLog(Protocol):
    """What moderators decided."""

    def add(self, entry: AuditEntry, *, announce: bool) -> bool:
        """Keep a decision, to be posted to the server's log channel if `announce`; False if it is known."""
        ...

    def page(
        self, guild_id: int, *, subject_id: int | None = None, limit: int, offset: int = 0
    ) -> list[AuditEntry]:
        """A server's decisions, about one subject if one is named, newest first."""
        ...

    def claim_due(self, *, now: datetime, lease: Lease, limit: int) -> list[DueAuditEntry]:
        """At most `limit` decisions that have to be posted and are in nobody's hand, now leased."""
        ...

    def extend_lease(self, due: DueAuditEntry, *, until: datetime) -> None:
        """Keep it in hand until then.

        Raises:
            StaleError: another worker has it in hand by now.
        """
        ...

    def mark_sent(self, due: DueAuditEntry) -> None:
        """It was posted, or never can be: nobody has to post it any more."""
        ...

    def reschedule(self, due: DueAuditEntry, *, next_at: datetime) -> None:
        """It could not be posted: count it, give up the lease and try again at `next_at`."""
        ...

    def next_due_at(self) -> datetime | None:
        """When the next decision that nobody has in hand has to be posted."""
        ...
