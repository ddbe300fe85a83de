"""Queries of the ledger: a member's statement, and what a server's members hold and used."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, Row, bindparam, case, func, literal, select, union_all

from bot.domain.ledger import AccountKind, Balance, Entry, TransferKind, grant_id
from bot.storage.tables import accounts, audit_log, transfers

MAX_MEMBER_LEGS = 2
"""The most accounts of a member in the transfers of one request: the allowance and the bonus."""

_a, _t = accounts.c, transfers.c
_BALANCE = select(_a.credits_posted, _a.debits_pending, _a.debits_posted).where(_a.id == bindparam("account"))
_OF_MEMBER = (_a.guild_id == bindparam("guild")) & (_a.user_id == bindparam("user"))
_HELD_BY = select(func.coalesce(func.sum(_a.debits_pending), 0)).where(_OF_MEMBER)
# two branches rather than an OR, so that each has its index
_BOTH_SIDES = union_all(
    select(transfers, literal(-1).label("sign")).join(accounts, _a.id == _t.debit).where(_OF_MEMBER),
    select(transfers, literal(1).label("sign")).join(accounts, _a.id == _t.credit).where(_OF_MEMBER),
).subquery()
_RANK = {TransferKind.SINGLE: 0, TransferKind.PENDING: 1, TransferKind.POST: 2, TransferKind.VOID: 2}
_ENTRIES = (
    select(_BOTH_SIDES)
    .order_by(
        _BOTH_SIDES.c.at.desc(),
        # at the same time: grants come before the hold that needs them, and the end of the hold after it
        case({str(kind): rank for kind, rank in _RANK.items()}, value=_BOTH_SIDES.c.kind).desc(),
        _BOTH_SIDES.c.request_id.desc(),
        _BOTH_SIDES.c.id.desc(),
    )
    .limit(bindparam("at_most"))
)
_NOTES = select(audit_log.c.id, audit_log.c.reason).where(
    audit_log.c.id.in_(bindparam("ids", expanding=True))
)
_OF_GUILD = (_a.guild_id == bindparam("guild")) & (_a.kind == AccountKind.MEMBER)
_USED = (_t.kind == TransferKind.POST) & (_t.at >= bindparam("since"))
_USES = (
    select(
        func.max(_t.at).label("at"),
        func.coalesce(_a.user_id, 0).label("user_id"),
        func.sum(_t.amount).label("amount"),
    )
    .join(accounts, _a.id == _t.debit)
    .where(_OF_GUILD, _USED)
    .group_by(_t.request_id, _a.user_id)
    .order_by(func.max(_t.at), _t.request_id)
)
_USED_BY_ALL = (
    select(func.coalesce(func.sum(_t.amount), 0)).join(accounts, _a.id == _t.debit).where(_OF_GUILD, _USED)
)
_USED_SINCE = (
    select(func.coalesce(func.sum(_t.amount), 0))
    .join(accounts, _a.id == _t.debit)
    .where(_a.kind == AccountKind.MEMBER, _USED)
)
_HELD_BY_ALL = select(func.coalesce(func.sum(_a.debits_pending), 0)).where(_OF_GUILD)


class SqlLedgerQueries:
    """Queries of the ledger in one transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def balance(self, account_id: str) -> Balance:
        """Return an account's balance; all zero if the account does not exist."""
        row = self._conn.execute(_BALANCE, {"account": account_id}).first()
        return Balance() if row is None else Balance(*row)

    def held_by(self, guild_id: int, user_id: int) -> int:
        """Return the credits that the member's requests hold, over all windows."""
        return int(self._conn.execute(_HELD_BY, {"guild": guild_id, "user": user_id}).scalar_one())

    def spent_by_all(self, guild_id: int, *, since: datetime) -> int:
        """Return the credits that the server's members hold now or used from `since` on."""
        used = self._conn.execute(_USED_BY_ALL, {"guild": guild_id, "since": since}).scalar_one()
        return int(used) + int(self._conn.execute(_HELD_BY_ALL, {"guild": guild_id}).scalar_one())

    def used_since(self, since: datetime) -> int:
        """Return the credits that members used from `since` on, over all servers."""
        return int(self._conn.execute(_USED_SINCE, {"since": since}).scalar_one())

    def entries(self, guild_id: int, user_id: int, *, limit: int) -> list[Entry]:
        """Return the member's last entries, newest first; the legs of one request make one entry."""
        terms = {"guild": guild_id, "user": user_id, "at_most": limit * MAX_MEMBER_LEGS}
        rows = self._conn.execute(_ENTRIES, terms).all()
        notes = self._notes(row.id for row in rows)
        return [_entry(tuple(legs), notes) for _, legs in groupby(rows, key=_event)][:limit]

    def uses(self, guild_id: int, *, since: datetime) -> list[tuple[datetime, int, int]]:
        """Return time, user id and credits of each song that was paid from `since` on, oldest first.

        The user id of a member who was erased is 0.
        """
        rows = self._conn.execute(_USES, {"guild": guild_id, "since": since})
        return [(row.at, row.user_id, int(row.amount)) for row in rows]

    def _notes(self, transfer_ids: Iterable[str]) -> dict[str, str | None]:
        """Return what moderators wrote about their grants, by the transfer's id."""
        prefix = grant_id(0).removesuffix("0")
        causes = [int(name.removeprefix(prefix)) for name in transfer_ids if name.startswith(prefix)]
        if not causes:
            return {}
        rows = self._conn.execute(_NOTES, {"ids": causes})
        return {grant_id(row.id): row.reason for row in rows}


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
