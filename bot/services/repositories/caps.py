"""The persistence port of the owner's caps."""

from typing import Protocol

from bot.domain.caps import CapRecord
from bot.domain.ledger import Balance
from bot.domain.quotas import Period, Window


class Caps(Protocol):
    """What is stored about caps, by server; `ALL_GUILDS` stands for all servers together."""

    def find(self, *guild_ids: int) -> list[CapRecord]:
        """Return what is stored about each; an empty record where nothing is."""
        ...

    def own(self) -> dict[int, CapRecord]:
        """Return the records of all servers that have a cap of their own."""
        ...

    def most_spent(
        self, period: Period, window: Window, *, limit: int
    ) -> list[tuple[int, CapRecord, Balance]]:
        """Return the servers whose accounts in the window have the most held and used, the largest first."""
        ...

    def put(self, guild_id: int, record: CapRecord) -> None:
        """Store the record, except what the owner was told."""
        ...

    def mark_told(self, guild_id: int, occasion: str, percent: int) -> bool:
        """Record that the owner is told that much; return False if that, or more, was recorded before."""
        ...
