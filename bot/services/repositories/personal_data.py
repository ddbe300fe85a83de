"""The persistence ports of personal data and its retention."""

from datetime import datetime
from typing import Protocol

from bot.domain.personal_data import ErasureSummary, Membership, PersonalRecord


class PersonalData(Protocol):
    """The data about single persons, over all servers."""

    def record(self, user_id: int) -> PersonalRecord:
        """Return everything that is stored about the person."""
        ...

    def memberships(self, user_id: int) -> list[Membership]:
        """Return the person's memberships, by server id."""
        ...

    def count(self, user_id: int) -> ErasureSummary:
        """Return how much is stored that names the person."""
        ...

    def pending_requests(self, user_id: int) -> int:
        """Return how many of the person's requests have not ended, or whose end has not been sent yet."""
        ...

    def anonymize(self, user_id: int, *, before: datetime, limit: int) -> tuple[ErasureSummary, bool]:
        """Anonymize at most `limit` rows, those of requests that were placed until `before`.

        Pending requests and blocks that are in force are left. Returns what was done, and whether it was all.
        """
        ...

    def schedule_erasure(self, guild_id: int, user_id: int, *, erase_at: datetime) -> None:
        """Schedule the member, who keeps the pseudonym until then, to be deleted at `erase_at`."""
        ...


class Cleanup(Protocol):
    """The retention jobs; each handles at most `limit` rows at once and returns how many it handled."""

    def has_future_times(self, *, now: datetime) -> bool:
        """Return True if a due time or lease is further ahead than possible: the clock was set back."""
        ...

    def reset_future_times(self, *, now: datetime, limit: int) -> int:
        """Make such due times due now and end such leases; return how many."""
        ...

    def prolong(self, *, before: datetime, until: datetime) -> int:
        """Extend the leases that were valid at `before` to `until`; return how many."""
        ...

    def erase_tokens(self, *, now: datetime, limit: int) -> int:
        """Erase interaction tokens that have expired."""
        ...

    def erase_prompts(self, *, before: datetime, now: datetime, limit: int) -> int:
        """Erase the prompts of requests that ended before `before`."""
        ...

    def erase_members(self, *, now: datetime, limit: int) -> int:
        """Delete members whose erasure is due, and what names them, except those whom moderators restrict."""
        ...

    def left_guilds(self, *, before: datetime, limit: int) -> list[int]:
        """Return servers with stored data that the bot left before `before`."""
        ...

    def erase_guild_requests(self, guild_id: int, *, limit: int) -> int:
        """Anonymize ended requests of a server."""
        ...

    def erase_guild(self, guild_id: int, *, before: datetime, now: datetime, limit: int) -> int | None:
        """Delete the other data of a server; the ledger stays, without its members.

        Members' records stay until their last allowance has ended, those of blocked members for a year.
        Returns None if the bot is in the server again or requests are still pending.
        """
        ...
