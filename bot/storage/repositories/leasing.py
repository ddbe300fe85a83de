"""Rows with a due time and a lease: which can be claimed, and when the next one can be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
    update,
)

from bot.domain.leases import MAX_LEASE, MAX_PAUSE, Lease
from bot.domain.requests import State
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.placement import APPROVAL_TTL
from bot.storage.tables import outbox, requests

_LEASED_TABLES = (requests, outbox)


def prolong_leases(conn: Connection, *, before: datetime, until: datetime) -> int:
    """Extend the leases that were running at `before` to `until`; return their number."""
    count = 0
    for table in _LEASED_TABLES:
        statement = update(table).where(table.c.lease_until > before)
        count += conn.execute(statement.values(lease_until=until)).rowcount
    return count


def release_leases(conn: Connection, *, now: datetime) -> None:
    """End all leases now: the processes that had them are known to be gone."""
    for table in _LEASED_TABLES:
        statement = update(table).where(table.c.lease_until > bindparam("now"))
        conn.execute(statement.values(lease_until=bindparam("now")), {"now": now})


def is_claimable(due: Column[datetime]) -> ColumnElement[bool]:
    """Return the condition that a row is due at `now` and not leased."""
    lease_until: Column[datetime] = due.table.c.lease_until
    now: BindParameter[datetime] = bindparam("now")
    return and_(due <= now, or_(lease_until.is_(None), lease_until <= now))


class ClaimableQueue:
    """The due rows of a table, each claimed by one worker at a time: its lease keeps the others off.

    `due` is the column of due times; `changes` are made by each claim, besides the lease and the version.
    """

    def __init__(self, due: Column[datetime], **changes: ColumnElement[datetime]) -> None:
        table, lease_until = due.table, due.table.c.lease_until
        self._due_rows = (
            select(table)
            .where(is_claimable(due))
            .order_by(due)
            .limit(bindparam("at_most"))
            .with_for_update(skip_locked=True)
        )
        self._key = tuple(column.name for column in table.primary_key)
        # row by row: SQLite would read the whole table for a list of keys of two columns
        is_row = (column == bindparam(f"of_{column.name}") for column in table.primary_key)
        self._lease = update(table).where(*is_row).values(version=table.c.version + 1, **changes)
        # Two queries: the first reads one entry of the index, the second the few leased rows.
        self._next_unleased = (
            select(due).where(due.is_not(None), lease_until.is_(None)).order_by(due).limit(1)
        )
        effective_due = case((lease_until > due, lease_until), else_=due)
        self._next_leased = select(func.min(effective_due)).where(due.is_not(None), lease_until.is_not(None))

    def claim(
        self, conn: Connection, *, now: datetime, lease: Lease, limit: int
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Lease at most `limit` rows, longest due first; return them as they were, one version ago."""
        rows = conn.execute(self._due_rows, {"now": now, "at_most": limit}).all()
        self.lease(conn, rows, now=now, lease=lease)
        return rows

    def lease(
        self, conn: Connection, rows: Sequence[Row[*tuple[Any, ...]]], *, now: datetime, lease: Lease
    ) -> None:
        """Lease rows that this transaction has locked."""
        if rows:
            terms = {"lease_owner": lease.owner, "lease_until": lease.until, "now": now}
            keys = ({f"of_{name}": row._mapping[name] for name in self._key} for row in rows)
            conn.execute(self._lease, [key | terms for key in keys])

    def next_due_at(self, conn: Connection) -> datetime | None:
        """Return when the next row can be claimed, None if there is none: when its lease ends, if leased."""
        # Due times are kept in the database only: a copy in memory would save few reads,
        # because workers check once a second at most, or when they are woken.
        found = (conn.execute(self._next_unleased).scalar(), conn.execute(self._next_leased).scalar())
        return min((at for at in found if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """The farthest that a time may lie ahead; rows beyond it are found at the end of an index."""

    column: Column[datetime]
    longest: timedelta
    where: ColumnElement[bool]
    is_capped: bool
    """True if a time beyond the limit is set to the limit; else it is set to now."""

    def is_exceeded(self, conn: Connection, now: datetime) -> bool:
        """Tell whether a row is further ahead than the limit."""
        return conn.execute(select(self.column).where(self._exceeds(now)).limit(1)).first() is not None

    def enforce(self, conn: Connection, now: datetime, *, limit: int) -> int:
        """Set at most `limit` times beyond the limit to the limit, or to now; return the number of rows."""
        key = tuple(self.column.table.primary_key)
        rows = conn.execute(select(*key).where(self._exceeds(now)).limit(limit)).all()
        if not rows:
            return 0
        values = {self.column.name: now + self.longest if self.is_capped else now}
        if self.column is outbox.c.due_at:
            values["not_before"] = now
        # row by row, as claims are
        is_row = (column == bindparam(f"of_{column.name}") for column in key)
        keys = [{f"of_{column.name}": part for column, part in zip(key, row, strict=True)} for row in rows]
        conn.execute(update(self.column.table).where(*is_row).values(values), keys)
        return len(rows)

    def _exceeds(self, now: datetime) -> ColumnElement[bool]:
        return (self.column > now + self.longest) & self.where


_AWAITING = requests.c.state == State.AWAITING
_IS_DIGEST = outbox.c.kind == MessageKind.DIGEST
TIME_LIMITS = (
    TimeLimit(requests.c.next_at, MAX_PAUSE, ~_AWAITING, is_capped=False),
    TimeLimit(requests.c.next_at, APPROVAL_TTL, _AWAITING, is_capped=True),
    TimeLimit(outbox.c.due_at, MAX_PAUSE, ~_IS_DIGEST, is_capped=False),
    TimeLimit(outbox.c.due_at, timedelta(weeks=1), _IS_DIGEST, is_capped=True),
    # the worker may be alive, so that its lease is kept for as long as if it began now
    *(TimeLimit(table.c.lease_until, MAX_LEASE, true(), is_capped=True) for table in _LEASED_TABLES),
)
"""Times beyond these limits were written before the clock was set back."""
