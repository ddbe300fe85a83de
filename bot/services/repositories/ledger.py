"""The persistence port of the credits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.ledger import Account, Balance, Entry, Leg


class Ledger(Protocol):
    """The double-entry ledger of credits."""

    def set_granted_total(self, account: Account, *, target: int, now: datetime) -> Balance:
        """Create the account if it is new, and change its granted total to `target`; return its balance.

        The total stays at least at what is held and used. The account is locked until the unit ends.
        """
        ...

    def lock(self, account: Account) -> Balance:
        """Return an account's balance, locked until the unit ends; create the account if it is new."""
        ...

    def assign_owner(self, account: Account) -> None:
        """Assign the account to its member, whose data may have been erased before."""
        ...

    def grant(self, account: Account, *, cause: int, amount: int, now: datetime) -> None:
        """Grant credits that never expire, once for each `cause`, which is an interaction's id."""
        ...

    def hold(self, request_id: int, legs: Sequence[Leg], *, now: datetime) -> None:
        """Hold a request's credits, once; a repeat changes nothing.

        Raises:
            InsufficientFundsError: one of the accounts has too few; roll the unit of work back.
        """
        ...

    def post(self, request_id: int, *, now: datetime) -> None:
        """Post the request's hold: its credits are used."""
        ...

    def void(self, request_id: int, *, now: datetime) -> None:
        """Void the request's hold: its credits return to their accounts."""
        ...

    def balance(self, account_id: str) -> Balance:
        """Return an account's balance; all zeros if it does not exist."""
        ...

    def held_by(self, guild_id: int, user_id: int) -> int:
        """Return the credits that a member's requests hold, over all windows."""
        ...

    def entries(self, guild_id: int, user_id: int, *, limit: int) -> list[Entry]:
        """Return a member's last transfers, newest first; those of a request at one moment are one entry."""
        ...
