"""TODO."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.ledger import Account, Balance, Entry, Leg


class Ledger(Protocol):
    """The credits, as one unit of work sees them."""

    def set_granted_total(self, account: Account, *, target: int, now: datetime) -> Balance:
        """See that the account exists and that what was granted in it comes to `target`.

        Less than what is held and used it cannot be. Nobody else changes the account until the unit ends.
        """
        ...

    def assign_owner(self, account: Account) -> None:
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
