"""The audit log: moderators' actions, and those that are still to be posted."""

from datetime import datetime
from functools import cache

from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy.sql.dml import ReturningInsert
from typing_extensions import override

from bot.domain.audit import Action, AuditEntry
from bot.domain.errors import ConflictError
from bot.domain.leases import Lease
from bot.services.ports import WorkQueue
from bot.services.repositories.audit_log import AuditLog, DueAuditEntry
from bot.storage.column_types import SNOWFLAKE, UtcDateTime
from bot.storage.repositories.leasing import DueTimes, is_due
from bot.storage.sql import SqlRepository, upsert
from bot.storage.tables import audit_log

_c = audit_log.c
_SUBJECT_ID = bindparam("subject", type_=SNOWFLAKE)
_PAGE = (
    select(audit_log)
    .where(_c.guild_id == bindparam("guild"), or_(_SUBJECT_ID.is_(None), _c.subject_id == _SUBJECT_ID))
    .order_by(_c.at.desc(), _c.id.desc())
    .limit(bindparam("at_most"))
    .offset(bindparam("skipped"))
)

_DUE_TIMES = DueTimes(audit_log, "due_at")
_DUE = (
    select(audit_log)
    .where(is_due(audit_log, "due_at"))
    .order_by(_c.due_at, _c.id)
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True)
)
_LEASE = update(audit_log).where(_c.id.in_(bindparam("ids", expanding=True)))
_LEASED = update(audit_log).where(_c.id == bindparam("of_id"), _c.lease_owner == bindparam("of_owner"))
_EXTEND_LEASE = _LEASED.values(lease_until=bindparam("kept_until", type_=UtcDateTime()))
_RELEASED = _LEASED.values(lease_owner=None, lease_until=None)
_MARK_SENT = _RELEASED.values(due_at=None)
_RESCHEDULE = _RELEASED.values(due_at=bindparam("next_at", type_=UtcDateTime()), attempts=_c.attempts + 1)


class SqlAuditLog(SqlRepository, AuditLog):
    """The audit log in one transaction."""

    @override
    def add(self, entry: AuditEntry, *, announce: bool) -> bool:
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
            "due_at": entry.at if announce else None,
            "attempts": 0,
        }
        added = self._conn.execute(_insert(self._conn.dialect.name), row).first() is not None
        if added and announce:
            self._notify(WorkQueue.AUDIT_LOG)
        return added

    @override
    def page(
        self, guild_id: int, *, subject_id: int | None = None, limit: int, offset: int = 0
    ) -> list[AuditEntry]:
        terms = {"guild": guild_id, "subject": subject_id, "at_most": limit, "skipped": offset}
        return [entry_of(row) for row in self._conn.execute(_PAGE, terms)]

    @override
    def claim_due(self, *, now: datetime, lease: Lease, limit: int) -> list[DueAuditEntry]:
        rows = self._conn.execute(_DUE, {"now": now, "at_most": limit}).all()
        if rows:
            terms = {"lease_owner": lease.owner, "lease_until": lease.until}
            self._conn.execute(_LEASE, {"ids": [row.id for row in rows], **terms})
        return [DueAuditEntry(entry_of(row), row.attempts, lease.owner) for row in rows]

    @override
    def extend_lease(self, due: DueAuditEntry, *, until: datetime) -> None:
        kept = self._conn.execute(_EXTEND_LEASE, _key(due) | {"kept_until": until})
        if kept.rowcount != 1:
            raise ConflictError(f"Another worker has leased the audit entry {due.entry.id}.")

    @override
    def mark_sent(self, due: DueAuditEntry) -> None:
        self._conn.execute(_MARK_SENT, _key(due))

    @override
    def reschedule(self, due: DueAuditEntry, *, next_at: datetime) -> None:
        self._conn.execute(_RESCHEDULE, _key(due) | {"next_at": next_at})

    @override
    def next_due_at(self) -> datetime | None:
        return _DUE_TIMES.next_due_at(self._conn)


def _key(due: DueAuditEntry) -> dict[str, object]:
    return {"of_id": due.entry.id, "of_owner": due.owner}


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
