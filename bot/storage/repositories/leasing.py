"""Rows with a due time and a lease: which may be taken, and when the next one may be."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
    update,
)

from bot.domain.requests import State
from bot.services.requests.placement import APPROVAL_TTL
from bot.services.runtime.lease import LONGEST_LEASE, LONGEST_PAUSE
from bot.storage.tables import audit_log, outbox, requests


def is_due(table: Table, due: str) -> ColumnElement[bool]:
    """True of rows that are due at `:now` and in nobody's hand."""
    lease_until = table.c.lease_until
    return (table.c[due] <= bindparam("now")) & or_(lease_until.is_(None), lease_until <= bindparam("now"))


_LEASED = (requests, outbox, audit_log)


def prolong_leases(conn: Connection, *, before: datetime, until: datetime) -> int:
    """Let the leases that ran at a moment last until another; gives how many did."""
    written = 0
    for table in _LEASED:
        held = update(table).where(table.c.lease_until > before)
        written += conn.execute(held.values(lease_until=until)).rowcount
    return written


def release_leases(conn: Connection, *, now: datetime) -> None:
    """All leases have run out, because those who had them are known to be gone."""
    for table in _LEASED:
        held = update(table).where(table.c.lease_until > bindparam("now"))
        conn.execute(held.values(lease_until=bindparam("now")), {"now": now})


@dataclass(frozen=True, slots=True)
class DueTimes:
    """The due times of one table; a row in hand comes due when its lease ends, at the earliest."""

    table: Table
    due: str

    def next_due_at(self, conn: Connection) -> datetime | None:
        """When the next row is due and in nobody's hand."""
        due, lease_until = self.table.c[self.due], self.table.c.lease_until
        # The database is the only heap of due times: one in memory would save reads that are few anyway,
        # since workers look once a second at most, or when something wakes them.
        # two queries: the first is answered by the first entry of the index, the second by the few in hand
        free = select(due).where(due.is_not(None), lease_until.is_(None)).order_by(due).limit(1)
        later = case((lease_until > due, lease_until), else_=due)
        in_hand = select(func.min(later)).where(due.is_not(None), lease_until.is_not(None))
        found = (conn.execute(free).scalar(), conn.execute(in_hand).scalar())
        return min((at for at in found if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """How far ahead a moment may be; each is found by the end of an index."""

    moment: Column[datetime]
    longest: timedelta
    only: ColumnElement[bool]
    ends: bool
    """Whether what is further ahead waits for its longest span, or is due now."""

    def is_exceeded(self, conn: Connection, now: datetime) -> bool:
        """True when a row is further ahead."""
        return conn.execute(select(self.moment).where(self._ahead(now)).limit(1)).first() is not None

    def bring_back(self, conn: Connection, now: datetime) -> int:
        """Bring back what is further ahead; gives how many rows."""
        values = {self.moment.name: now + self.longest if self.ends else now}
        if self.moment is outbox.c.due_at:
            values["not_before"] = now
        return conn.execute(update(self.moment.table).where(self._ahead(now)).values(values)).rowcount

    def _ahead(self, now: datetime) -> ColumnElement[bool]:
        return (self.moment > now + self.longest) & self.only


_AWAITING = requests.c.state == State.AWAITING
TIME_LIMITS = (
    TimeLimit(requests.c.next_at, LONGEST_PAUSE, ~_AWAITING, ends=False),
    TimeLimit(requests.c.next_at, APPROVAL_TTL, _AWAITING, ends=True),
    TimeLimit(outbox.c.due_at, LONGEST_PAUSE, true(), ends=False),
    TimeLimit(audit_log.c.due_at, LONGEST_PAUSE, true(), ends=False),
    # whoever has it in hand may be alive, and keeps it for as long as if it were taken now
    *(TimeLimit(table.c.lease_until, LONGEST_LEASE, true(), ends=True) for table in _LEASED),
)
"""What is further ahead was written before the clock was set back."""
