"""The ledger: balances guarded by conditional updates; each change is a transfer that is never altered."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, literal, select, union_all, update
from sqlalchemy.sql.dml import ReturningInsert
from typing_extensions import override

from bot.domain.errors import InsufficientFundsError, StoreError
from bot.domain.ledger import (
    MINT,
    SONGS,
    Account,
    Balance,
    Entry,
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
from bot.storage.sql import SqlRepository, Upsert, upsert
from bot.storage.tables import accounts, audit_log, transfers

ALLOWANCE = "allowance"
"""The reason of a transfer that sets what was granted to an account to its target."""
GRANT = "grant"
"""The reason of a moderator's grant; what the moderator wrote is in the audit log."""
SONG = "song"
"""The reason of all transfers of a request."""

MAX_MEMBER_LEGS = 2
"""The most accounts of a member in the transfers of one request: the allowance and the bonus."""

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
_ENDS = {TransferKind.POST: (post_id, _USE_HELD), TransferKind.VOID: (void_id, _RELEASE_HELD)}
_ASSIGN_OWNER = _ACCOUNT.where(_a.user_id.is_(None)).values(user_id=bindparam("owner"))
_TRANSFER = insert(transfers)
_FIND_TRANSFER = select(_t.id).where(_t.id == bindparam("of_id"))
_end = transfers.alias("ending")
_HOLDS = (
    select(_t.id, _t.debit, _t.credit, _t.amount, _end.c.kind.label("ended_by"))
    .outerjoin(_end, _end.c.pending_id == _t.id)
    .where(_t.request_id == bindparam("of_request"), _t.kind == TransferKind.PENDING)
)
_FIND_FOR_UPDATE = (
    select(_a.credits_posted, _a.debits_pending, _a.debits_posted, _a.adjustments, _a.user_id)
    .where(_a.id == bindparam("account"))
    # no key of it changes: transfers that refer to it can be inserted meanwhile
    .with_for_update(key_share=True)
)
_BALANCE = select(_a.credits_posted, _a.debits_pending, _a.debits_posted).where(_a.id == bindparam("account"))
_OF_MEMBER = (_a.guild_id == bindparam("guild")) & (_a.user_id == bindparam("user"))
_HELD_BY = select(func.coalesce(func.sum(_a.debits_pending), 0)).where(_OF_MEMBER)
# two branches rather than an OR, so that each has its index
_SIDES = [
    select(transfers, literal(sign).label("sign"))
    .where(side == bindparam("account"))
    .order_by(_t.at.desc())
    .limit(bindparam("at_most"))
    .subquery()
    for side, sign in ((_t.debit, -1), (_t.credit, 1))
]
_OF_ACCOUNT = union_all(*(select(side) for side in _SIDES))
_BONUS_OF = select(_a.id).where(_OF_MEMBER, _a.window_starts_at.is_(None))
_WINDOWS_OF = (
    select(_a.id)
    .where(_OF_MEMBER, _a.window_starts_at.is_not(None))
    .order_by(_a.window_starts_at.desc())
    .limit(bindparam("at_most"))
)
MIN_WINDOWS = 5
"""How many of a member's windows are read at least: a hold may end some time after its window."""
# at the same time: grants come before the hold that needs them, and the end of the hold after it
_RANK = {TransferKind.SINGLE: 0, TransferKind.PENDING: 1, TransferKind.POST: 2, TransferKind.VOID: 2}
_NOTES = select(audit_log.c.id, audit_log.c.reason).where(
    audit_log.c.id.in_(bindparam("ids", expanding=True))
)


class SqlLedger(SqlRepository, Ledger):
    """The ledger in one transaction."""

    @override
    def set_granted_total(self, account: Account, *, target: int, now: datetime) -> Balance:
        *counts, adjustments, owner_id = self._locked(account)
        if owner_id != account.user_id:
            self.assign_owner(account)
        balance = Balance(*counts)
        filled = refilled(balance, target)
        if change := filled.granted - balance.granted:
            self._transfer(allowance_id(account.id, adjustments), account.id, change, ALLOWANCE, now)
            self._conn.execute(_ADJUST, {"account": account.id, "amount": change})
        return filled

    @override
    def lock(self, account: Account) -> Balance:
        return Balance(*self._locked(account)[:3])

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
        held = [
            {
                "id": hold_id(request_id, number),
                "kind": TransferKind.PENDING,
                "debit": leg.account_id,
                "credit": SONGS,
                "amount": leg.amount,
                "request_id": request_id,
                "reason": SONG,
                "at": now,
            }
            for number, leg in enumerate(legs)
        ]
        *own, last = legs
        for leg in own:
            self._reserve(leg, request_id)
        if own:  # all servers may share the last account: only the commit follows its lock
            self._conn.execute(_TRANSFER, held)
        self._reserve(last, request_id)
        if not own:
            self._conn.execute(_TRANSFER, held)

    def _reserve(self, leg: Leg, request_id: int) -> None:
        reserve = {"account": leg.account_id, "amount": leg.amount}
        if self._conn.execute(_RESERVE, reserve).rowcount != 1:
            raise InsufficientFundsError(
                f"Account {leg.account_id} has not {leg.amount} credits for {request_id}."
            )

    @override
    def post(self, request_id: int, *, now: datetime) -> None:
        self._end(request_id, TransferKind.POST, now)

    @override
    def void(self, request_id: int, *, now: datetime) -> None:
        self._end(request_id, TransferKind.VOID, now)

    @override
    def balance(self, account_id: str) -> Balance:
        row = self._conn.execute(_BALANCE, {"account": account_id}).first()
        return Balance() if row is None else Balance(*row)

    @override
    def held_by(self, guild_id: int, user_id: int) -> int:
        return int(self._conn.execute(_HELD_BY, {"guild": guild_id, "user": user_id}).scalar_one())

    @override
    def entries(self, guild_id: int, user_id: int, *, limit: int) -> list[Entry]:
        rows = self._transfers_of(guild_id, user_id, limit * MAX_MEMBER_LEGS)
        notes = self._notes(row.id for row in rows)
        return [_entry(tuple(legs), notes) for _, legs in groupby(rows, key=_event)][:limit]

    def _transfers_of(self, guild_id: int, user_id: int, limit: int) -> list[Row[*tuple[Any, ...]]]:
        """Return the last transfers of the member's accounts, newest first."""
        member = {"guild": guild_id, "user": user_id}
        found = [
            row for name in self._conn.scalars(_BONUS_OF, member) for row in self._of_account(name, limit)
        ]
        in_windows = 0
        for number, name in enumerate(self._conn.scalars(_WINDOWS_OF, member | {"at_most": limit}), 1):
            rows = self._of_account(name, limit)
            in_windows += len(rows)
            found += rows
            if number >= MIN_WINDOWS and in_windows >= limit:
                break
        found.sort(key=lambda row: (row.at, _RANK[row.kind], row.request_id or 0, row.id), reverse=True)
        return found[:limit]

    def _of_account(self, account_id: str, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
        return self._conn.execute(_OF_ACCOUNT, {"account": account_id, "at_most": limit}).all()

    def _notes(self, transfer_ids: Iterable[str]) -> dict[str, str | None]:
        """Return what moderators wrote about their grants, by the transfer's id."""
        prefix = grant_id(0).removesuffix("0")
        causes = [int(name.removeprefix(prefix)) for name in transfer_ids if name.startswith(prefix)]
        if not causes:
            return {}
        rows = self._conn.execute(_NOTES, {"ids": causes})
        return {grant_id(row.id): row.reason for row in rows}

    def _locked(self, account: Account) -> Row[int, int, int, int, int | None]:
        row = self._conn.execute(_FIND_FOR_UPDATE, {"account": account.id}).first()
        if row is None:
            self._create_account(account)
            row = self._conn.execute(_FIND_FOR_UPDATE, {"account": account.id}).one()
        return row

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
        found = self._conn.execute(_HOLDS, {"of_request": request_id})
        holds = sorted(found, key=lambda hold: str(hold.id))
        if not holds:
            raise StoreError(f"Request {request_id} holds no credits.")
        ended_by = holds[0].ended_by
        if ended_by is None:
            return holds
        if ended_by == kind:
            return ()
        raise StoreError(f"The credits of request {request_id} were already settled by a {ended_by}.")

    def _end(self, request_id: int, kind: TransferKind, now: datetime) -> None:
        """End the request's open holds by transfers of this kind."""
        holds = self._open_holds(request_id, kind)
        if not holds:
            return
        name, balance = _ENDS[kind]
        ends = [
            {
                "id": name(hold.id),
                "kind": kind,
                "debit": hold.debit,
                "credit": hold.credit,
                "amount": hold.amount,
                "pending_id": hold.id,
                "request_id": request_id,
                "reason": SONG,
                "at": now,
            }
            for hold in holds
        ]
        self._conn.execute(_TRANSFER, ends)
        for hold in holds:  # in the order in which they were held: no deadlock
            self._conn.execute(balance, {"account": hold.debit, "amount": hold.amount})


def _event(row: Row[*tuple[object, ...]]) -> tuple[object, ...]:
    """Return the key that groups the legs of one request."""
    return (row.kind, row.at, row.request_id, None if row.request_id else row.id)


def _entry(legs: tuple[Row[*tuple[object, ...]], ...], notes: dict[str, str | None]) -> Entry:
    first = legs[0]
    amount = sum(leg.amount for leg in legs)
    kind = TransferKind(first.kind)
    return Entry(
        kind=kind,
        amount=amount * first.sign if kind is TransferKind.SINGLE else amount,
        request_id=first.request_id,
        reason=first.reason,
        at=first.at,
        note=notes.get(first.id),
    )


@cache
def _new_account(dialect: str) -> Upsert:
    return upsert(dialect, accounts).on_conflict_do_nothing()


@cache
def _once(dialect: str) -> ReturningInsert[str]:
    return upsert(dialect, transfers).on_conflict_do_nothing(index_elements=["id"]).returning(transfers.c.id)
