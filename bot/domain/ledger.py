"""The form of the ledger: transfers between accounts, never changed, named after what caused them.

The form is TigerBeetle's two-phase transfer: `pending` reserves, then either `post` or `void` ends it, once.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.quotas import Window

MINT = "mint"
"""The system's account that allowances come from."""
SONGS = "songs"
"""The system's account that used credits go to."""


class AccountKind(StrEnum):
    """Whose credits an account counts."""

    SYSTEM = "system"
    """Only the journal tells its sum: a running one would make every settlement wait for the last."""
    MEMBER = "member"
    BUDGET = "budget"
    """A server's, which every hold of its members passes as well."""


class TransferKind(StrEnum):
    """What a transfer does to the two accounts."""

    SINGLE = "single"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Balance:
    """One account's credits; all counts are whole and none is below zero."""

    granted: int = 0
    held: int = 0
    used: int = 0

    @property
    def available(self) -> int:
        """What may still be held."""
        return self.granted - self.held - self.used


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose account it is, and for when."""

    id: str
    kind: AccountKind
    guild_id: int
    user_id: int | None = None
    window: Window | None = None
    """None: its credits have no end."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of a request's credits, from one account."""

    account_id: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a member's statement."""

    kind: TransferKind
    amount: int
    """Credits; below zero where they were taken away."""
    request_id: int | None
    reason: str
    at: datetime
    note: str | None = None
    """A moderator's own words for it."""


def refilled(balance: Balance, target: int) -> Balance:
    """The balance once what was granted comes to `target`, as far as what is held and used allows."""
    return replace(balance, granted=max(target, balance.held + balance.used))


def allowance_account(
    guild_id: int, user_id: int, pseudonym: str, window: Window, generation: int = 0
) -> Account:
    """The account that holds a member's allowance of one window; a reset begins a new generation of it."""
    # An account for each window, so that credits return to the window they were held in; a random name,
    # since transfers are never changed and outlive what is known of a person.
    name = f"member:{pseudonym}:{window.key}"
    return Account(
        id=f"{name}#{generation}" if generation else name,
        kind=AccountKind.MEMBER,
        guild_id=guild_id,
        user_id=user_id,
        window=window,
    )


def bonus_account(guild_id: int, user_id: int, pseudonym: str) -> Account:
    """The account that holds what moderators granted a member, without an end."""
    return Account(id=f"bonus:{pseudonym}", kind=AccountKind.MEMBER, guild_id=guild_id, user_id=user_id)


def budget_account(guild_id: int, window: Window) -> Account:
    """The account that every hold of a server passes while it has a budget."""
    return Account(
        id=f"budget:{guild_id}:{window.key}", kind=AccountKind.BUDGET, guild_id=guild_id, window=window
    )


def allowance_id(account_id: str, adjustment: int) -> str:
    """The transfer that fills an account up to its target, or takes back; the first one is number 0."""
    return f"allowance:{account_id}:{adjustment}" if adjustment else f"allowance:{account_id}"


def grant_id(interaction_id: int) -> str:
    """The transfer that a moderator's command made."""
    return f"grant:{interaction_id}"


def hold_id(request_id: int, leg: int = 0) -> str:
    """The transfer that reserves a request's credits; each account that they come from is one leg."""
    return f"hold:{request_id}:{leg}" if leg else f"hold:{request_id}"


def post_id(hold: str) -> str:
    """The transfer that uses what a hold reserves."""
    return hold.replace("hold:", "post:", 1)


def void_id(hold: str) -> str:
    """The transfer that gives back what a hold reserves."""
    return hold.replace("hold:", "void:", 1)
