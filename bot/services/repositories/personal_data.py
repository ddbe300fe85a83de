"""What is kept of persons, as units of work see it, and how it is wiped."""

from datetime import datetime
from typing import Protocol

from bot.domain.personal_data import ErasureSummary, Membership, PersonalRecord


class PersonalData(Protocol):
    """What is kept about single persons, over all servers."""

    def record(self, user_id: int) -> PersonalRecord:
        """All of it."""
        ...

    def memberships(self, user_id: int) -> list[Membership]:
        """What is kept of the person in each server, by the server's id."""
        ...

    def pending_requests(self, user_id: int) -> int:
        """How many of the person's requests have not ended, or have yet to be told that they did."""
        ...

    def anonymize(self, user_id: int) -> ErasureSummary:
        """Make nobody's what the person did, except requests under way and blocks that are in force."""
        ...

    def window_end(self, guild_id: int, pseudonym: str) -> datetime | None:
        """When the last window ends that an allowance of this pseudonym was granted for."""
        ...

    def schedule_erasure(self, guild_id: int, user_id: int, *, forget_at: datetime) -> None:
        """The person's accounts are nobody's, and the rest will be forgotten at a moment."""
        ...


class Cleanup(Protocol):
    """What time wipes; each of these does at most `limit` at once and gives how many it did."""

    def has_future_times(self, *, now: datetime) -> bool:
        """True when something is due, or in hand, for longer than it can be: the clock was set back."""
        ...

    def reset_future_times(self, *, now: datetime) -> int:
        """Make due now what is due further ahead than it can be, and cut such leases; gives how many."""
        ...

    def prolong(self, *, before: datetime, until: datetime) -> int:
        """Let the leases that ran at a moment last until another; gives how many did."""
        ...

    def erase_tokens(self, *, now: datetime, limit: int) -> int:
        """Wipe interactions' tokens that do not work any more."""
        ...

    def erase_prompts(self, *, before: datetime, now: datetime, limit: int) -> int:
        """Wipe the prompts of requests that ended before a moment."""
        ...

    def erase_members(self, *, now: datetime, limit: int) -> int:
        """Delete what remained of members whose time has come; not where moderators restrict them."""
        ...

    def left_guilds(self, *, before: datetime, limit: int) -> list[int]:
        """Servers that the bot left before a moment, and of which something is kept."""
        ...

    def erase_guild_requests(self, guild_id: int, *, limit: int) -> int:
        """Make ended requests of a server nobody's."""
        ...

    def erase_guild(self, guild_id: int, *, before: datetime, now: datetime) -> bool:
        """Delete what else is kept of a server; the ledger stays, without its members.

        Members' places stay until the last allowance there is over, those of blocked ones for a year. False
        when the bot is there again, or requests of its members are still under way.
        """
        ...
