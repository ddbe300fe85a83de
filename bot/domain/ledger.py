"""The ledger's model: immutable transfers between accounts, each with an id that names its cause.

Holds are TigerBeetle's two-phase transfers: `pending` reserves credits, then one `post` or `void` ends it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.caps import ALL_GUILDS
from bot.domain.quotas import Window

MINT = "mint"
"""The system account that allowances come from."""
SONGS = "songs"
"""The system account that used credits go to."""


class AccountKind(StrEnum):
    """The owner of an account."""

    SYSTEM = "system"
    """Its sum is computed on demand: every settlement would have to lock a running balance."""
    MEMBER = "member"
    BUDGET = "budget"
    """A server's budget, on which every hold of its members has a leg as well."""
    SERVER_CAP = "server_cap"
    """The owner's cap on a server, on which every hold in it has a leg as well."""
    TOTAL_CAP = "total_cap"
    """The owner's cap on all servers together, on which every hold has a leg as well."""


class TransferKind(StrEnum):
    """The effect of a transfer on its two accounts."""

    SINGLE = "single"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Balance:
    """One account's credits; all counts are integers and at least 0."""

    granted: int = 0
    held: int = 0
    used: int = 0

    @property
    def available(self) -> int:
        """Return the credits that may still be held."""
        return self.granted - self.held - self.used


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account, its owner and the window that it is for."""

    id: str
    kind: AccountKind
    guild_id: int
    user_id: int | None = None
    window: Window | None = None
    """None: its credits do not expire."""


@dataclass(frozen=True, slots=True)
class Leg:
    """The part of a request's credits that comes from one account."""

    account_id: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a member's credit statement."""

    kind: TransferKind
    amount: int
    """Credits; negative if they were taken away."""
    request_id: int | None
    reason: str
    at: datetime
    note: str | None = None
    """The moderator's reason, in the moderator's own words."""


def refilled(balance: Balance, target: int) -> Balance:
    """Return the balance with `target` credits granted, but no fewer than are held and used."""
    return replace(balance, granted=max(target, balance.held + balance.used))


def allowance_account(
    guild_id: int, user_id: int, pseudonym: str, window: Window, generation: int = 0
) -> Account:
    """Return the account of a member's allowance in one window; each reset starts a new generation of it."""
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
    """Return the account of the credits that moderators granted a member; they do not expire."""
    return Account(id=f"bonus:{pseudonym}", kind=AccountKind.MEMBER, guild_id=guild_id, user_id=user_id)


def budget_account(guild_id: int, window: Window) -> Account:
    """Return the account of a server's budget in one window; every hold has a leg on it."""
    return Account(
        id=f"budget:{guild_id}:{window.key}", kind=AccountKind.BUDGET, guild_id=guild_id, window=window
    )


def cap_account(guild_id: int, window: Window) -> Account:
    """Return the account of the cap on a server, or on all servers together, in one window."""
    is_total = guild_id == ALL_GUILDS
    return Account(
        id=f"cap:{'all' if is_total else guild_id}:{window.key}",
        kind=AccountKind.TOTAL_CAP if is_total else AccountKind.SERVER_CAP,
        guild_id=guild_id,
        window=window,
    )


def allowance_id(account_id: str, adjustment: int) -> str:
    """Return the id of the transfer that adjusts an account to its target; the first one is number 0."""
    return f"allowance:{account_id}:{adjustment}" if adjustment else f"allowance:{account_id}"


def grant_id(interaction_id: int) -> str:
    """Return the id of the transfer that a moderator's command made."""
    return f"grant:{interaction_id}"


def hold_id(request_id: int, leg: int = 0) -> str:
    """Return the id of the transfer that reserves a request's credits; each account is one leg."""
    return f"hold:{request_id}:{leg}" if leg else f"hold:{request_id}"


def post_id(hold: str) -> str:
    """Return the id of the transfer that uses the credits of a hold."""
    return hold.replace("hold:", "post:", 1)


def void_id(hold: str) -> str:
    """Return the id of the transfer that returns the credits of a hold."""
    return hold.replace("hold:", "void:", 1)
