"""The audit log: what moderators decided, and what of it has yet to be posted."""

from functools import cache

from sqlalchemy import Connection, Row, bindparam, or_, select
from sqlalchemy.sql.dml import ReturningInsert

from bot.domain.changes import Action, Change
from bot.services.ports import Bell
from bot.storage.tables import changes
from bot.storage.types import SNOWFLAKE
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
