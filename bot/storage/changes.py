"""The audit log: what moderators decided, and what of it has yet to be posted."""

from datetime import datetime
from functools import cache

from sqlalchemy import Connection, Row, bindparam, or_, select, update
from sqlalchemy.sql.dml import ReturningInsert

from bot.domain.changes import Action, Change
from bot.domain.errors import StaleError
from bot.services.books import DueChange
from bot.services.lease import Lease
from bot.services.ports import Bell
from bot.storage.due import Agenda, is_due
from bot.storage.tables import changes
from bot.storage.types import SNOWFLAKE, UtcDateTime
from bot.storage.upserts import upsert

_c = changes.c
_SUBJECT = bindparam("subject", type_=SNOWFLAKE)
_OF = (
    select(changes)
    .where(_c.guild_id == bindparam("guild"), or_(_SUBJECT.is_(None), _c.subject_id == _SUBJECT))
    .order_by(_c.at.desc(), _c.id.desc())
    .limit(bindparam("at_most"))
    .offset(bindparam("skipped"))
)

_AGENDA = Agenda(changes, "due_at")
_DUE = (
    select(changes)
    .where(is_due(changes, "due_at"))
    .order_by(_c.due_at, _c.id)
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True)
)
_LEASE = update(changes).where(_c.id.in_(bindparam("ids", expanding=True)))
_MINE = update(changes).where(_c.id == bindparam("of_id"), _c.lease_owner == bindparam("of_owner"))
_KEEP = _MINE.values(lease_until=bindparam("kept_until", type_=UtcDateTime()))
_FREED = _MINE.values(lease_owner=None, lease_until=None)
_POSTED = _FREED.values(due_at=None)
_FAILED = _FREED.values(due_at=bindparam("next_at", type_=UtcDateTime()), attempts=_c.attempts + 1)


class SqlChanges:
    """The audit log, as one transaction sees it; `on_due` hears of each entry that has to be posted."""

    def __init__(self, conn: Connection, *, on_due: Bell) -> None:
        self._conn = conn
        self._on_due = on_due

    def add(self, change: Change, *, announce: bool) -> bool:
        """Keep a decision, to be posted to the server's log channel if `announce`; False if it is known."""
        row = {
            "id": change.id,
            "guild_id": change.guild_id,
            "actor_id": change.actor_id,
            "action": change.action,
            "subject_id": change.subject_id,
            "before": change.before,
            "after": change.after,
            "reason": change.reason,
            "at": change.at,
            "due_at": change.at if announce else None,
            "attempts": 0,
        }
        added = self._conn.execute(_new(self._conn.dialect.name), row).first() is not None
        if added and announce:
            self._on_due()
        return added

    def of(
        self, guild_id: int, *, subject_id: int | None = None, limit: int, offset: int = 0
    ) -> list[Change]:
        """A server's decisions, about one subject if one is named, newest first."""
        terms = {"guild": guild_id, "subject": subject_id, "at_most": limit, "skipped": offset}
        return [change_of(row) for row in self._conn.execute(_OF, terms)]

    def claim_due(self, *, now: datetime, lease: Lease, limit: int) -> list[DueChange]:
        """At most `limit` decisions that have to be posted and are in nobody's hand, now leased."""
        rows = self._conn.execute(_DUE, {"now": now, "at_most": limit}).all()
        if rows:
            terms = {"lease_owner": lease.owner, "lease_until": lease.until}
            self._conn.execute(_LEASE, {"ids": [row.id for row in rows], **terms})
        return [DueChange(change_of(row), row.attempts, lease.owner) for row in rows]

    def keep(self, due: DueChange, *, until: datetime) -> None:
        """Keep it in hand until then.

        Raises:
            StaleError: another worker has it in hand by now; nothing was changed.
        """
        kept = self._conn.execute(_KEEP, _mine(due) | {"kept_until": until})
        if kept.rowcount != 1:
            raise StaleError(f"Decision {due.change.id} is in another hand by now.")

    def posted(self, due: DueChange) -> None:
        """It was posted, or never can be: nobody has to post it any more."""
        self._conn.execute(_POSTED, _mine(due))

    def failed(self, due: DueChange, *, next_at: datetime) -> None:
        """It could not be posted: count it, give up the lease and try again at `next_at`."""
        self._conn.execute(_FAILED, _mine(due) | {"next_at": next_at})

    def next_due_at(self) -> datetime | None:
        """When the next decision that nobody has in hand has to be posted."""
        return _AGENDA.next_at(self._conn)


def _mine(due: DueChange) -> dict[str, object]:
    return {"of_id": due.change.id, "of_owner": due.owner}


def change_of(row: Row[*tuple[object, ...]]) -> Change:
    """The decision in a row of all columns."""
    return Change(
        id=row.id,
        guild_id=row.guild_id,
        actor_id=row.actor_id,
        action=Action(row.action),
        subject_id=row.subject_id,
        before=row.before,
        after=row.after,
        reason=row.reason,
        at=row.at,
    )


@cache
def _new(dialect: str) -> ReturningInsert[int]:
    return upsert(dialect, changes).on_conflict_do_nothing(index_elements=["id"]).returning(changes.c.id)
