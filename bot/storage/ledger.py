"""The credits: balances decided by conditional updates, each change a transfer that is never altered."""

from datetime import datetime
from functools import cache

from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    case,
    func,
    insert,
    select,
    union,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert

from bot.domain.errors import StoreError
from bot.domain.ledger import (
    MINT,
    SONGS,
    Balance,
    Entry,
    TransferKind,
    allowance_id,
    hold_id,
    post_id,
    void_id,
)
from bot.domain.quota import Window
from bot.storage.tables import AccountKind, accounts, transfers
from bot.storage.upserts import Upsert, upsert

ALLOWANCE = "allowance"
"""The reason of a grant that a window begins with."""
SONG = "song"
"""The reason of all that happens to a request's credits."""

_a, _t = accounts.c, transfers.c
_amount = bindparam("amount", type_=_a.debits_pending.type)
_ACCOUNT = update(accounts).where(_a.id == bindparam("account"))
_CREDIT = _ACCOUNT.values(credits_posted=_a.credits_posted + _amount)
_RESERVE = _ACCOUNT.where(_a.credits_posted - _a.debits_posted - _a.debits_pending >= _amount).values(
    debits_pending=_a.debits_pending + _amount
)
_USE = _ACCOUNT.values(debits_pending=_a.debits_pending - _amount, debits_posted=_a.debits_posted + _amount)
_RELEASE = _ACCOUNT.values(debits_pending=_a.debits_pending - _amount)
_TRANSFER = insert(transfers)
_IS_KNOWN = select(_t.id).where(_t.id == bindparam("of_id"))
_end = transfers.alias("ending")
_HOLD = (
    select(_t.id, _t.debit, _t.credit, _t.amount, _end.c.kind.label("ended_by"))
    .outerjoin(_end, _end.c.pending_id == _t.id)
    .where(_t.id == bindparam("of_id"))
)
_BALANCE = select(_a.credits_posted, _a.debits_pending, _a.debits_posted).where(_a.id == bindparam("account"))
_OF_MEMBER = (_a.guild_id == bindparam("guild")) & (_a.user_id == bindparam("user"))
_HELD_BY = select(func.coalesce(func.sum(_a.debits_pending), 0)).where(_OF_MEMBER)
# two branches rather than an OR, so that each has its index
_BOTH_SIDES = union(
    select(transfers).join(accounts, _a.id == _t.debit).where(_OF_MEMBER),
    select(transfers).join(accounts, _a.id == _t.credit).where(_OF_MEMBER),
).subquery()
_RANK = {TransferKind.SINGLE: 0, TransferKind.PENDING: 1, TransferKind.POST: 2, TransferKind.VOID: 2}
_ENTRIES = (
    select(_BOTH_SIDES)
    .order_by(
        _BOTH_SIDES.c.at.desc(),
        # of the same moment: what a hold needs came before it, and what ends it after
        case({str(kind): rank for kind, rank in _RANK.items()}, value=_BOTH_SIDES.c.kind).desc(),
        _BOTH_SIDES.c.id.desc(),
    )
    .limit(bindparam("at_most"))
)
_USES = (
    select(_t.at, _a.user_id, _t.amount)
    .join(accounts, _a.id == _t.debit)
    .where(_a.guild_id == bindparam("guild"), _t.kind == TransferKind.POST, _t.at >= bindparam("since"))
    .order_by(_t.at, _t.id)
)


class SqlLedger:
    """The credits, as one transaction sees them."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def open_allowance(
        self, account: str, *, guild_id: int, user_id: int, window: Window, amount: int, now: datetime
    ) -> None:
        """See that the account exists and that its allowance was granted, once; 0 opens it empty."""
        row = {
            "id": account,
            "kind": AccountKind.MEMBER,
            "guild_id": guild_id,
            "user_id": user_id,
            "window_key": window.key,
            "window_starts_at": window.starts_at,
            "window_ends_at": window.ends_at,
            "credits_posted": 0,
            "debits_posted": 0,
            "debits_pending": 0,
        }
        self._conn.execute(_open_account(self._conn.dialect.name), row)
        if amount == 0:
            return
        grant = {
            "id": allowance_id(account),
            "kind": TransferKind.SINGLE,
            "debit": MINT,
            "credit": account,
            "amount": amount,
            "reason": ALLOWANCE,
            "at": now,
        }
        granted = self._conn.execute(_grant(self._conn.dialect.name), grant).first()
        if granted is not None:
            self._conn.execute(_CREDIT, {"account": account, "amount": amount})

    def hold(self, request_id: int, *, account: str, amount: int, now: datetime) -> bool:
        """Reserve credits for a request; False, and nothing changed, when the account has too few.

        A request holds once: a repeat finds the hold that is there, and changes nothing.
        """
        if self._conn.execute(_IS_KNOWN, {"of_id": hold_id(request_id)}).first() is not None:
            return True
        if self._conn.execute(_RESERVE, {"account": account, "amount": amount}).rowcount != 1:
            return False
        transfer = {
            "id": hold_id(request_id),
            "kind": TransferKind.PENDING,
            "debit": account,
            "credit": SONGS,
            "amount": amount,
            "request_id": request_id,
            "reason": SONG,
            "at": now,
        }
        self._conn.execute(_TRANSFER, transfer)
        return True

    def post(self, request_id: int, *, now: datetime) -> None:
        """Use what the request holds; a repeat changes nothing.

        Raises:
            StoreError: it holds nothing, or its credits were given back.
        """
        hold = self._open_hold(request_id, TransferKind.POST)
        if hold is not None:
            self._end(hold, post_id(request_id), TransferKind.POST, request_id, now)
            self._conn.execute(_USE, {"account": hold.debit, "amount": hold.amount})

    def void(self, request_id: int, *, now: datetime) -> None:
        """Give what the request holds back to the account that it came from; a repeat changes nothing.

        Raises:
            StoreError: it holds nothing, or its credits were used.
        """
        hold = self._open_hold(request_id, TransferKind.VOID)
        if hold is not None:
            self._end(hold, void_id(request_id), TransferKind.VOID, request_id, now)
            self._conn.execute(_RELEASE, {"account": hold.debit, "amount": hold.amount})

    def balance(self, account: str) -> Balance:
        """One account's credits; nothing of anything when it was never opened."""
        row = self._conn.execute(_BALANCE, {"account": account}).first()
        return Balance() if row is None else Balance(*row)

    def held_by(self, guild_id: int, user_id: int) -> int:
        """Credits that a member's requests hold, over all windows."""
        return int(self._conn.execute(_HELD_BY, {"guild": guild_id, "user": user_id}).scalar_one())

    def entries(self, guild_id: int, user_id: int, *, limit: int) -> list[Entry]:
        """A member's last transfers, newest first."""
        rows = self._conn.execute(_ENTRIES, {"guild": guild_id, "user": user_id, "at_most": limit})
        return [
            Entry(
                kind=TransferKind(row.kind),
                amount=row.amount,
                request_id=row.request_id,
                reason=row.reason,
                at=row.at,
            )
            for row in rows
        ]

    def uses(self, guild_id: int, *, since: datetime) -> list[tuple[datetime, int, int]]:
        """When a server's credits were used, by whom and how many, from `since` on, oldest first."""
        rows = self._conn.execute(_USES, {"guild": guild_id, "since": since})
        return [(row.at, row.user_id, row.amount) for row in rows]

    def _open_hold(self, request_id: int, kind: TransferKind) -> Row[str, str, str, int, str] | None:
        """The hold that is to be ended; None when it was ended like this before."""
        hold = self._conn.execute(_HOLD, {"of_id": hold_id(request_id)}).first()
        if hold is None:
            raise StoreError(f"Request {request_id} holds no credits.")
        if hold.ended_by is None:
            return hold
        if hold.ended_by == kind:
            return None
        raise StoreError(f"The credits of request {request_id} were already settled by a {hold.ended_by}.")

    def _end(
        self,
        hold: Row[str, str, str, int, str],
        transfer_id: str,
        kind: TransferKind,
        request_id: int,
        now: datetime,
    ) -> None:
        transfer = {
            "id": transfer_id,
            "kind": kind,
            "debit": hold.debit,
            "credit": hold.credit,
            "amount": hold.amount,
            "pending_id": hold.id,
            "request_id": request_id,
            "reason": SONG,
            "at": now,
        }
        self._conn.execute(_TRANSFER, transfer)


@cache
def _open_account(dialect: str) -> Upsert:
    return upsert(dialect, accounts).on_conflict_do_nothing()


@cache
def _grant(dialect: str) -> ReturningInsert[str]:
    return upsert(dialect, transfers).on_conflict_do_nothing(index_elements=["id"]).returning(transfers.c.id)
