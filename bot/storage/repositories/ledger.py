"""The ledger: balances guarded by conditional updates; each change is a transfer that is never altered."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.sql.dml import ReturningInsert
from typing_extensions import override

from bot.domain.errors import InsufficientFundsError, StoreError
from bot.domain.ledger import (
    MINT,
    SONGS,
    Account,
    Balance,
    Leg,
    TransferKind,
    allowance_id,
    grant_id,
    hold_id,
    post_id,
    refilled,
    void_id,
)
from bot.services.repositories.ledger import Ledger
from bot.storage.repositories.ledger_queries import SqlLedgerQueries
from bot.storage.sql import Upsert, upsert
from bot.storage.tables import accounts, transfers

ALLOWANCE = "allowance"
"""The reason of a transfer that sets what was granted to an account to its target."""
GRANT = "grant"
"""The reason of a moderator's grant; what the moderator wrote is in the audit log."""
SONG = "song"
"""The reason of all transfers of a request."""

_a, _t = accounts.c, transfers.c
_amount = bindparam("amount", type_=_a.debits_pending.type)
_ACCOUNT = update(accounts).where(_a.id == bindparam("account"))
_CREDIT = _ACCOUNT.values(credits_posted=_a.credits_posted + _amount)
_ADJUST = _CREDIT.values(adjustments=_a.adjustments + 1)
_RESERVE = _ACCOUNT.where(_a.credits_posted - _a.debits_posted - _a.debits_pending >= _amount).values(
    debits_pending=_a.debits_pending + _amount
)
_USE_HELD = _ACCOUNT.values(
    debits_pending=_a.debits_pending - _amount, debits_posted=_a.debits_posted + _amount
)
_RELEASE_HELD = _ACCOUNT.values(debits_pending=_a.debits_pending - _amount)
_ASSIGN_OWNER = _ACCOUNT.where(_a.user_id.is_(None)).values(user_id=bindparam("owner"))
_TRANSFER = insert(transfers)
_FIND_TRANSFER = select(_t.id).where(_t.id == bindparam("of_id"))
_end = transfers.alias("ending")
_HOLDS = (
    select(_t.id, _t.debit, _t.credit, _t.amount, _end.c.kind.label("ended_by"))
    .outerjoin(_end, _end.c.pending_id == _t.id)
    .where(_t.request_id == bindparam("of_request"), _t.kind == TransferKind.PENDING)
    .order_by(_t.id)
)
_FIND_FOR_UPDATE = (
    select(_a.credits_posted, _a.debits_pending, _a.debits_posted, _a.adjustments, _a.user_id)
    .where(_a.id == bindparam("account"))
    .with_for_update()
)


class SqlLedger(SqlLedgerQueries, Ledger):
    """The ledger in one transaction."""

    @override
    def set_granted_total(self, account: Account, *, target: int, now: datetime) -> Balance:
        row = self._conn.execute(_FIND_FOR_UPDATE, {"account": account.id}).first()
        if row is None:
            self._create_account(account)
            row = self._conn.execute(_FIND_FOR_UPDATE, {"account": account.id}).one()
        *counts, adjustments, owner_id = row
        if owner_id != account.user_id:
            self.assign_owner(account)
        balance = Balance(*counts)
        filled = refilled(balance, target)
        if change := filled.granted - balance.granted:
            self._transfer(allowance_id(account.id, adjustments), account.id, change, ALLOWANCE, now)
            self._conn.execute(_ADJUST, {"account": account.id, "amount": change})
        return filled

    @override
    def assign_owner(self, account: Account) -> None:
        self._conn.execute(_ASSIGN_OWNER, {"account": account.id, "owner": account.user_id})

    @override
    def grant(self, account: Account, *, cause: int, amount: int, now: datetime) -> None:
        self._create_account(account)
        self.assign_owner(account)
        if self._transfer(grant_id(cause), account.id, amount, GRANT, now):
            self._conn.execute(_CREDIT, {"account": account.id, "amount": amount})

    @override
    def hold(self, request_id: int, legs: Sequence[Leg], *, now: datetime) -> None:
        if self._conn.execute(_FIND_TRANSFER, {"of_id": hold_id(request_id)}).first() is not None:
            return
        for number, leg in enumerate(legs):
            reserve = {"account": leg.account_id, "amount": leg.amount}
            if self._conn.execute(_RESERVE, reserve).rowcount != 1:
                raise InsufficientFundsError(
                    f"Account {leg.account_id} has not {leg.amount} credits for {request_id}."
                )
            transfer = {
                "id": hold_id(request_id, number),
                "kind": TransferKind.PENDING,
                "debit": leg.account_id,
                "credit": SONGS,
                "amount": leg.amount,
                "request_id": request_id,
                "reason": SONG,
                "at": now,
            }
            self._conn.execute(_TRANSFER, transfer)

    @override
    def post(self, request_id: int, *, now: datetime) -> None:
        for hold in self._open_holds(request_id, TransferKind.POST):
            self._end(hold, post_id(hold.id), TransferKind.POST, request_id, now)
            self._conn.execute(_USE_HELD, {"account": hold.debit, "amount": hold.amount})

    @override
    def void(self, request_id: int, *, now: datetime) -> None:
        for hold in self._open_holds(request_id, TransferKind.VOID):
            self._end(hold, void_id(hold.id), TransferKind.VOID, request_id, now)
            self._conn.execute(_RELEASE_HELD, {"account": hold.debit, "amount": hold.amount})

    def _create_account(self, account: Account) -> None:
        window = account.window
        row = {
            "id": account.id,
            "kind": account.kind,
            "guild_id": account.guild_id,
            "user_id": account.user_id,
            "window_key": window.key if window else None,
            "window_starts_at": window.starts_at if window else None,
            "window_ends_at": window.ends_at if window else None,
            "credits_posted": 0,
            "debits_posted": 0,
            "debits_pending": 0,
            "adjustments": 0,
        }
        self._conn.execute(_new_account(self._conn.dialect.name), row)

    def _transfer(self, transfer_id: str, account_id: str, amount: int, reason: str, now: datetime) -> bool:
        """Add credits to the account, or take `-amount` back; return False if the transfer exists already."""
        is_credit = amount > 0
        transfer = {
            "id": transfer_id,
            "kind": TransferKind.SINGLE,
            "debit": MINT if is_credit else account_id,
            "credit": account_id if is_credit else MINT,
            "amount": abs(amount),
            "reason": reason,
            "at": now,
        }
        return self._conn.execute(_once(self._conn.dialect.name), transfer).first() is not None

    def _open_holds(self, request_id: int, kind: TransferKind) -> Sequence[Row[str, str, str, int, str]]:
        """Return the request's holds that are open; none if they were ended by `kind` before.

        Raises:
            StoreError: the request holds nothing, or the other kind has ended its holds.
        """
        holds = self._conn.execute(_HOLDS, {"of_request": request_id}).all()
        if not holds:
            raise StoreError(f"Request {request_id} holds no credits.")
        ended_by = holds[0].ended_by
        if ended_by is None:
            return holds
        if ended_by == kind:
            return ()
        raise StoreError(f"The credits of request {request_id} were already settled by a {ended_by}.")

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
def _new_account(dialect: str) -> Upsert:
    return upsert(dialect, accounts).on_conflict_do_nothing()


@cache
def _once(dialect: str) -> ReturningInsert[str]:
    return upsert(dialect, transfers).on_conflict_do_nothing(index_elements=["id"]).returning(transfers.c.id)
