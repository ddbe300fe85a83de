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

    def news(self, guild_id: int, user_id: int) -> list[AuditEntry]:
        """Return the entries of which the member has to be told, oldest first."""
        ...

    def take_news(self, guild_id: int, user_id: int) -> list[AuditEntry]:
        """Return those entries, oldest first; no other unit gets them."""
        ...

    def put_back_news(self, entry_id: int) -> None:
        """Tell the member of the entry later: it was taken, and could not be told."""
        ...

    def page(
        self, guild_id: int, *, subject_id: int | None = None, limit: int, offset: int = 0
    ) -> list[AuditEntry]:
        """Return a server's entries, newest first; only those about `subject_id` if it is given."""
        ...
