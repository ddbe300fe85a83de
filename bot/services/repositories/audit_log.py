"""The persistence port of the moderators' audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.audit import AuditEntry
from bot.domain.leases import Lease


@dataclass(frozen=True, slots=True)
class DueAuditEntry:
    """An audit entry that has to be posted, leased by one worker."""

    entry: AuditEntry
    attempts: int
    """How many attempts failed."""
    owner: str
    """The owner of the lease."""


class AuditLog(Protocol):
    """The moderators' decisions."""

    def add(self, entry: AuditEntry, *, announce: bool) -> bool:
        """Add an entry, to be posted to the server's log channel if `announce`; return False if it exists."""
        ...

    def page(
        self, guild_id: int, *, subject_id: int | None = None, limit: int, offset: int = 0
    ) -> list[AuditEntry]:
        """Return a server's entries, newest first; only those about `subject_id` if it is given."""
        ...

    def claim_due(self, *, now: datetime, lease: Lease, limit: int) -> list[DueAuditEntry]:
        """Lease and return at most `limit` entries that have to be posted and are not leased."""
        ...

    def extend_lease(self, due: DueAuditEntry, *, until: datetime) -> None:
        """Extend the lease.

        Raises:
            ConflictError: another worker has leased the entry since.
        """
        ...

    def mark_sent(self, due: DueAuditEntry) -> None:
        """Mark the entry as posted, or as impossible to post: it is not due again."""
        ...

    def reschedule(self, due: DueAuditEntry, *, next_at: datetime) -> None:
        """Count a failed post, release the lease and retry at `next_at`."""
        ...

    def next_due_at(self) -> datetime | None:
        """Return when the next entry that is not leased has to be posted."""
        ...
