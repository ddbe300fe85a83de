"""The audit log: moderators' actions."""

from collections.abc import Iterable
from functools import cache

from sqlalchemy import Row, and_, bindparam, false, select, text, true, update
from sqlalchemy.sql.dml import ReturningInsert
from typing_extensions import override

from bot.domain.audit import Action, AuditEntry
from bot.services.repositories.audit_log import AuditLog
from bot.storage.sql import SqlRepository, upsert
from bot.storage.tables import audit_log

_c = audit_log.c
_PAGE = (
    select(audit_log)
    .where(_c.guild_id == bindparam("guild"))
    .order_by(_c.id.desc())  # Discord's ids are in the order of time
    .limit(bindparam("at_most"))
    .offset(bindparam("skipped"))
)
_PAGE_ABOUT = _PAGE.where(_c.subject_id == bindparam("subject"))

# as text: SQLite does not find the index of what is unread by `is_unread = 1`
_IS_NEWS = and_(_c.guild_id == bindparam("guild"), _c.subject_id == bindparam("user"), text("is_unread"))
_NEWS = select(audit_log).where(_IS_NEWS)
_TAKE_NEWS = update(audit_log).where(_IS_NEWS).values(is_unread=false()).returning(audit_log)
# an erased member is no longer its subject
_PUT_BACK_NEWS = (
    update(audit_log).where(_c.id == bindparam("of_id"), _c.subject_id.is_not(None)).values(is_unread=true())
)
_FIND = select(audit_log).where(_c.id == bindparam("of_id"))


class SqlAuditLog(SqlRepository, AuditLog):
    """The audit log in one transaction."""

    @override
    def add(self, entry: AuditEntry) -> bool:
        row = {
            "id": entry.id,
            "guild_id": entry.guild_id,
            "actor_id": entry.actor_id,
            "action": entry.action,
            "subject_id": entry.subject_id,
            "before": entry.before,
            "after": entry.after,
            "reason": entry.reason,
            "at": entry.at,
            "is_unread": entry.is_news,
        }
        return self._conn.execute(_insert(self._conn.dialect.name), row).first() is not None

    @override
    def find(self, entry_id: int) -> AuditEntry | None:
        row = self._conn.execute(_FIND, {"of_id": entry_id}).first()
        return None if row is None else entry_of(row)

    @override
    def news(self, guild_id: int, user_id: int) -> list[AuditEntry]:
        return _in_order(self._conn.execute(_NEWS, {"guild": guild_id, "user": user_id}))

    @override
    def take_news(self, guild_id: int, user_id: int) -> list[AuditEntry]:
        return _in_order(self._conn.execute(_TAKE_NEWS, {"guild": guild_id, "user": user_id}))

    @override
    def put_back_news(self, entry_id: int) -> None:
        self._conn.execute(_PUT_BACK_NEWS, {"of_id": entry_id})

    @override
    def page(
        self, guild_id: int, *, subject_id: int | None = None, limit: int, offset: int = 0
    ) -> list[AuditEntry]:
        terms = {"guild": guild_id, "at_most": limit, "skipped": offset}
        page, about = (_PAGE, {}) if subject_id is None else (_PAGE_ABOUT, {"subject": subject_id})
        return [entry_of(row) for row in self._conn.execute(page, terms | about)]


def _in_order(rows: Iterable[Row[*tuple[object, ...]]]) -> list[AuditEntry]:
    return sorted(map(entry_of, rows), key=lambda entry: (entry.at, entry.id))


def entry_of(row: Row[*tuple[object, ...]]) -> AuditEntry:
    """Build the audit entry from a row of all columns."""
    return AuditEntry(
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
def _insert(dialect: str) -> ReturningInsert[int]:
    return upsert(dialect, audit_log).on_conflict_do_nothing(index_elements=["id"]).returning(audit_log.c.id)
