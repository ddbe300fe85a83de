"""The persistence port of the moderators' audit log."""

from typing import Protocol

from bot.domain.audit import AuditEntry


class AuditLog(Protocol):
    """The moderators' decisions."""

    def add(self, entry: AuditEntry) -> bool:
        """Add an entry; return False if it exists."""
        ...

    def find(self, entry_id: int) -> AuditEntry | None:
        """Return the entry; None if there is none."""
        ...

    def page(
        self, guild_id: int, *, subject_id: int | None = None, limit: int, offset: int = 0
    ) -> list[AuditEntry]:
        """Return a server's entries, newest first; only those about `subject_id` if it is given."""
        ...
