"""The form of the ledger: transfers between accounts, never changed, named after what caused them.

The form is TigerBeetle's two-phase transfer: `pending` reserves, then either `post` or `void` ends it, once.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.quota import Window

MINT = "mint"
"""The system's account that allowances come from."""
SONGS = "songs"
"""The system's account that used credits go to."""


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
class Hold:
    """Credits reserved for one request, from one account."""

    id: str
    account: str
    amount: int
    request_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a member's statement."""

    kind: TransferKind
    amount: int
    request_id: int | None
    reason: str
    at: datetime


def allowance_account(guild_id: int, user_id: int, window: Window) -> str:
    """The account that holds a member's allowance of one window."""
    return f"member:{guild_id}:{user_id}:{window.key}"


def allowance_id(account: str) -> str:
    """The transfer that fills an allowance's account; there is one of them."""
    return f"allowance:{account}"


def hold_id(request_id: int) -> str:
    """The transfer that reserves a request's credits."""
    return f"hold:{request_id}"


def post_id(request_id: int) -> str:
    """The transfer that uses a request's held credits."""
    return f"post:{request_id}"


def void_id(request_id: int) -> str:
    """The transfer that gives a request's held credits back."""
    return f"void:{request_id}"
