"""The books as units of work see them: credits, members, servers, and what moderators decided."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.changes import Change
from bot.domain.guild_settings import GuildSettings, Standing
from bot.domain.ledger import Account, Balance, Entry, Leg
from bot.services.lease import Lease


@dataclass(frozen=True, slots=True)
class DueChange:
    """A decision that has to be posted, in the hand of one worker."""

    change: Change
    attempts: int
    """How often that failed."""
    owner: str
    """Whose lease it is."""


class Ledger(Protocol):
    """The credits, as one unit of work sees them."""

    def fill(self, account: Account, *, target: int, now: datetime) -> Balance:
        """See that the account exists and that what was granted in it comes to `target`.

        Less than what is held and used it cannot be. Nobody else changes the account until the unit ends.
        """
        ...

    def own(self, account: Account) -> None:
        """See that the account is its member's, who may have been forgotten and come back."""
        ...

    def grant(self, account: Account, *, cause: int, amount: int, now: datetime) -> None:
        """Give credits for good; `cause`, an interaction, gives them once."""
        ...

    def hold(self, request_id: int, legs: Sequence[Leg], *, now: datetime) -> None:
        """Reserve a request's credits, once; a repeat changes nothing.

        Raises:
            ShortError: one of the accounts has too few; the unit of work must not go on.
        """
        ...

    def post(self, request_id: int, *, now: datetime) -> None:
        """Use what the request holds."""
        ...

    def void(self, request_id: int, *, now: datetime) -> None:
        """Give what the request holds back to the accounts that it came from."""
        ...

    def balance(self, account_id: str) -> Balance:
        """One account's credits; nothing of anything when it was never opened."""
        ...

    def held_by(self, guild_id: int, user_id: int) -> int:
        """Credits that a member's requests hold, over all windows."""
        ...

    def spent_by_all(self, guild_id: int, *, since: datetime) -> int:
        """Credits that a server's members hold now, or used from `since` on."""
        ...

    def used_since(self, since: datetime) -> int:
        """Credits that the members of all servers used from `since` on."""
        ...

    def entries(self, guild_id: int, user_id: int, *, limit: int) -> list[Entry]:
        """A member's last transfers, newest first; what one request did at a moment is one entry."""
        ...

    def uses(self, guild_id: int, *, since: datetime) -> list[tuple[datetime, int, int]]:
        """When a server's credits were used, by whom and how many, from `since` on, oldest first.

        One for each song; those of a member who was forgotten are nobody's, 0.
        """
        ...


class Members(Protocol):
    """The members: how many requests each has under way, and what moderators settled for them."""

    def take_slot(
        self, guild_id: int, user_id: int, *, limit: int, cooldown_s: int, now: datetime
    ) -> Standing:
        """Count one more request of the member, and give the member's standing.

        A member who was to be forgotten is back, and will not be.

        Raises:
            BlockedError: a moderator does not let the member ask for songs.
            ActiveLimitError: `limit` requests are under way.
            CooldownError: the last one was placed less than `cooldown_s` seconds ago.
            BackoffError: the last ones came to nothing.
        """
        ...

    def free_slot(self, guild_id: int, user_id: int, *, forgive: bool = False) -> None:
        """Count one request less; with `forgive`, forget those that came to nothing."""
        ...

    def standing(self, guild_id: int, user_id: int) -> Standing:
        """What is known of the member."""
        ...

    def meet(self, guild_id: int, user_id: int) -> Standing:
        """The member's standing, which nobody else changes until the unit ends; new members get one."""
        ...

    def settle(self, guild_id: int, user_id: int, standing: Standing) -> None:
        """Keep the standing of a member who was met."""
        ...

    def had_turn(self, guild_id: int, user_id: int, *, now: datetime) -> None:
        """Put the member and the server behind the others of the line: a request of theirs was submitted."""
        ...

    def anybody_held(self, now: datetime) -> bool:
        """Tell whether any member's requests are held back now."""
        ...


class Guilds(Protocol):
    """What each server's moderators have settled."""

    def settings(self, guild_id: int) -> GuildSettings:
        """The server's settings; those of a new server are all None."""
        ...

    def share(self, guild_id: int) -> GuildSettings:
        """The server's settings, which nobody changes until the unit ends; several units may share them."""
        ...

    def lock(self, guild_id: int) -> GuildSettings:
        """The server's settings, which are this unit's alone until it ends."""
        ...

    def settle(self, guild_id: int, settings: GuildSettings) -> None:
        """Keep the settings, which this unit has locked."""
        ...

    def known(self) -> Mapping[int, datetime | None]:
        """Each server of which something is kept, and when the bot left it if it has."""
        ...

    def lock_comings(self) -> None:
        """No other process notes in which servers the bot is until this unit of work ends."""
        ...

    def left(self, guild_ids: Collection[int], *, at: datetime) -> None:
        """The bot is not in these servers any more; where that is known, it keeps its time."""
        ...

    def joined(self, guild_ids: Collection[int]) -> None:
        """The bot is in these servers."""
        ...

    def paused(self) -> Mapping[int, str]:
        """The servers for which nothing is submitted now, with the moderators' reasons."""
        ...


class ChangeLog(Protocol):
    """What moderators decided."""

    def add(self, change: Change, *, announce: bool) -> bool:
        """Keep a decision, to be posted to the server's log channel if `announce`; False if it is known."""
        ...

    def of(
        self, guild_id: int, *, subject_id: int | None = None, limit: int, offset: int = 0
    ) -> list[Change]:
        """A server's decisions, about one subject if one is named, newest first."""
        ...

    def claim_due(self, *, now: datetime, lease: Lease, limit: int) -> list[DueChange]:
        """At most `limit` decisions that have to be posted and are in nobody's hand, now leased."""
        ...

    def keep(self, due: DueChange, *, until: datetime) -> None:
        """Keep it in hand until then.

        Raises:
            StaleError: another worker has it in hand by now.
        """
        ...

    def posted(self, due: DueChange) -> None:
        """It was posted, or never can be: nobody has to post it any more."""
        ...

    def failed(self, due: DueChange, *, next_at: datetime) -> None:
        """It could not be posted: count it, give up the lease and try again at `next_at`."""
        ...

    def next_due_at(self) -> datetime | None:
        """When the next decision that nobody has in hand has to be posted."""
        ...
