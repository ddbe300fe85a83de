"""Rows with a due time and a lease: which may be taken, and when the next one may be."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, bindparam, case, func, or_, select, update

from bot.storage.tables import changes, notices, requests


def is_due(table: Table, due: str) -> ColumnElement[bool]:
    """True of rows that are due at `:now` and in nobody's hand."""
    lease_until = table.c.lease_until
    return (table.c[due] <= bindparam("now")) & or_(lease_until.is_(None), lease_until <= bindparam("now"))


def free_leases(conn: Connection, *, now: datetime) -> None:
    """All leases have run out, because those who had them are known to be gone."""
    for table in (requests, notices, changes):
        held = update(table).where(table.c.lease_until > bindparam("now"))
        conn.execute(held.values(lease_until=bindparam("now")), {"now": now})


@dataclass(frozen=True, slots=True)
class Agenda:
    """The due times of one table; a row in hand comes due when its lease ends, at the earliest."""

    table: Table
    due: str

    def next_at(self, conn: Connection) -> datetime | None:
        """When the next row is due and in nobody's hand."""
        due, lease_until = self.table.c[self.due], self.table.c.lease_until
        # two queries: the first is answered by the first entry of the index, the second by the few in hand
        free = select(due).where(due.is_not(None), lease_until.is_(None)).order_by(due).limit(1)
        later = case((lease_until > due, lease_until), else_=due)
        in_hand = select(func.min(later)).where(due.is_not(None), lease_until.is_not(None))
        found = (conn.execute(free).scalar(), conn.execute(in_hand).scalar())
        return min((at for at in found if at is not None), default=None)
