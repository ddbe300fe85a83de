"""The outbox: one worker at a time sends a message; changes in the meantime make it due again."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.sql import Update
from typing_extensions import override

from bot.domain.errors import ConflictError
from bot.domain.leases import Lease
from bot.domain.requests import RETURNED, State
from bot.services.ports import WorkQueue
from bot.services.repositories.outbox import MessageKind, Outbox, OutboxMessage
from bot.storage.column_types import SNOWFLAKE, UtcDateTime
from bot.storage.repositories.leasing import ClaimableQueue, is_claimable
from bot.storage.sql import SqlRepository, Upsert, upsert
from bot.storage.tables import audit_log, outbox, requests

_c = outbox.c
_QUEUE = ClaimableQueue(
    _c.due_at,
    # this claim sends all changes until now
    again_at=case((_c.again_at > bindparam("now"), _c.again_at), else_=None),
)
WINDOW = 2_000
"""How many of the longest due messages take turns: what a claim costs is bounded, however many are due."""
_ENDED = sorted(RETURNED | {State.DELIVERED, State.UNDELIVERABLE})
_SOURCE, _KIND = bindparam("of_source", type_=SNOWFLAKE), bindparam("of_kind", type_=String())
_OF_REQUEST = requests.c.id == _SOURCE
_GUILD_OF_SOURCE = func.coalesce(
    select(requests.c.guild_id).where(_OF_REQUEST).scalar_subquery(),
    select(audit_log.c.guild_id).where(audit_log.c.id == _SOURCE).scalar_subquery(),
    0,
)
_IS_URGENT = or_(
    _KIND == MessageKind.RESULT,
    and_(_KIND == MessageKind.STATUS, exists().where(_OF_REQUEST, requests.c.state.in_(_ENDED))),
)
_NEW: dict[str, Any] = {
    "source_id": _SOURCE,
    "kind": _KIND,
    "guild_id": _GUILD_OF_SOURCE,
    "is_urgent": _IS_URGENT,
}
_NEXT_AT = bindparam("next_at", type_=UtcDateTime())
_CREATE = insert(outbox).values(_NEW)
_LEASE_ENDED = {"lease_owner": None, "lease_until": None, "version": _c.version + 1, "again_at": None}
_LEASED = update(outbox).where(
    _c.source_id == bindparam("of_source"),
    _c.kind == bindparam("of_kind"),
    _c.version == bindparam("of_version"),
)
_RECORD_ATTEMPT = _LEASED.values(delivery_attempt=bindparam("where_to"))
_EXTEND_LEASE = _LEASED.values(lease_until=bindparam("kept_until", type_=UtcDateTime()))
_RELEASED = _LEASED.values(_LEASE_ENDED)


def _later(one: ColumnElement[datetime], other: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """Return the later of two times; the second if the first is NULL."""
    return case((one > other, one), else_=other)


def _earlier(one: ColumnElement[datetime], other: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """Return the earlier of two times; the second if the first is NULL."""
    return case((one < other, one), else_=other)


_NOT_BEFORE = bindparam("quiet_until", type_=UtcDateTime())
_DUE_AGAIN_AT = func.coalesce(_c.again_at, _NEXT_AT)
_MARK_SENT = _RELEASED.values(
    sent=bindparam("fingerprint"),
    delivery_attempt=None,
    attempts=0,
    not_before=_NOT_BEFORE,
    due_at=case((_DUE_AGAIN_AT < _NOT_BEFORE, _NOT_BEFORE), else_=_DUE_AGAIN_AT),
)
_POSTPONE = _RELEASED.values(
    not_before=_NEXT_AT,
    due_at=_NEXT_AT,
    again_at=case((_c.again_at > _NEXT_AT, _c.again_at), else_=None),
)
_RESCHEDULE = _POSTPONE.values(attempts=_c.attempts + 1)
_IS_LEASED = _c.lease_until.is_not(None)


def _due_values(due_at: ColumnElement[datetime]) -> dict[str, ColumnElement[datetime]]:
    """Return the columns that make a message due: not before `not_before`, nor while it is leased."""
    earliest_at = _later(_c.not_before, due_at)
    return {
        "due_at": case((_IS_LEASED, _c.due_at), else_=_earlier(_c.due_at, earliest_at)),
        "again_at": case((_IS_LEASED, _earlier(_c.again_at, earliest_at)), else_=_c.again_at),
    }


_GUILD = bindparam("guild", type_=SNOWFLAKE)
_QUEUED = select(requests.c.id).where(
    requests.c.state == State.WAITING, or_(_GUILD.is_(None), requests.c.guild_id == _GUILD)
)
_MARK_QUEUE_DUE = (
    update(outbox)
    .where(_c.kind == MessageKind.STATUS, _c.source_id.in_(_QUEUED))
    .values(_due_values(bindparam("at", type_=UtcDateTime())))
)


_DROP = delete(outbox).where(_c.source_id == bindparam("of_source"))


def _in_turns(*, urgent: bool) -> Select[*tuple[Any, ...]]:
    """Select due messages, one of each server, then the next of each, as far as they are in the window."""
    is_theirs = and_(_c.is_urgent.is_(true() if urgent else false()), is_claimable(_c.due_at))
    window = select(outbox).where(is_theirs).order_by(_c.due_at).limit(WINDOW).subquery()
    order = (window.c.due_at, window.c.source_id)
    turn = func.row_number().over(partition_by=window.c.guild_id, order_by=order)
    ranked = select(window.c.source_id, window.c.kind, turn.label("turn")).subquery()
    return (
        select(outbox)
        .join(ranked, and_(ranked.c.source_id == _c.source_id, ranked.c.kind == _c.kind))
        .where(is_theirs)
        .order_by(ranked.c.turn, _c.guild_id <= bindparam("turn_after"), _c.guild_id)
        .limit(bindparam("at_most"))
        .with_for_update(skip_locked=True, of=outbox)
    )


_URGENT, _OTHERS = _in_turns(urgent=True), _in_turns(urgent=False)
_NEXT_URGENT = (
    select(_c.due_at)
    .where(_c.is_urgent.is_(true()), _c.due_at.is_not(None), _c.lease_until.is_(None))
    .order_by(_c.due_at)
    .limit(1)
)


class SqlOutbox(SqlRepository, Outbox):
    """The outbox in one transaction."""

    @override
    def create(
        self, source_id: int, kind: MessageKind, *, fingerprint: str, not_before: datetime, next_at: datetime
    ) -> None:
        row = {
            "of_source": source_id,
            "of_kind": kind,
            "due_at": max(next_at, not_before),
            "not_before": not_before,
            "version": 1,
            "attempts": 0,
            "sent": fingerprint,
        }
        self._conn.execute(_CREATE, row)  # it is due later, which needs no wake-up

    @override
    def create_once(self, source_id: int, kind: MessageKind, *, due_at: datetime) -> None:
        row = {"of_source": source_id, "of_kind": kind, "due_at": due_at, "version": 1, "attempts": 0}
        self._conn.execute(_create_once(self._conn.dialect.name), row)
        self._notify(WorkQueue.OUTBOX)

    @override
    def mark_due(self, source_id: int, kind: MessageKind, *, due_at: datetime) -> None:
        row = {"of_source": source_id, "of_kind": kind, "due_at": due_at, "version": 1, "attempts": 0}
        self._conn.execute(_mark_due(self._conn.dialect.name), row)
        self._notify(WorkQueue.OUTBOX)

    @override
    def mark_queue_due(self, guild_id: int | None, *, due_at: datetime) -> None:
        self._conn.execute(_MARK_QUEUE_DUE, {"guild": guild_id, "at": due_at})
        self._notify(WorkQueue.OUTBOX)

    @override
    def claim_due(
        self, *, now: datetime, lease: Lease, limit: int, others: int | None = None, after: int = 0
    ) -> list[OutboxMessage]:
        terms = {"now": now, "turn_after": after}
        rows = list(self._conn.execute(_URGENT, terms | {"at_most": limit}))
        left = limit - len(rows)
        if left := left if others is None else min(left, others):
            rows += self._conn.execute(_OTHERS, terms | {"at_most": left})
        _QUEUE.lease(self._conn, rows, now=now, lease=lease)
        return [
            OutboxMessage(
                source_id=row.source_id,
                kind=MessageKind(row.kind),
                version=row.version + 1,
                attempts=row.attempts,
                sent=row.sent,
                guild_id=row.guild_id,
                is_urgent=row.is_urgent,
                attempt=row.delivery_attempt,
            )
            for row in rows
        ]

    @override
    def extend_lease(self, message: OutboxMessage, *, until: datetime) -> None:
        self._update_leased(_EXTEND_LEASE, message, {"kept_until": until})

    @override
    def record_attempt(self, message: OutboxMessage, attempt: str | None) -> None:
        self._update_leased(_RECORD_ATTEMPT, message, {"where_to": attempt})

    def _update_leased(self, statement: Update, message: OutboxMessage, values: dict[str, object]) -> None:
        """Update the message.

        Raises:
            ConflictError: another worker has leased it; nothing was changed.
        """
        written = self._conn.execute(statement, _key(message) | values)
        if written.rowcount != 1:
            raise ConflictError(
                f"Another worker has leased the {message.kind} message of {message.source_id}."
            )

    @override
    def mark_sent(
        self,
        message: OutboxMessage,
        *,
        fingerprint: str | None,
        not_before: datetime,
        next_at: datetime | None,
    ) -> None:
        sent = {"fingerprint": fingerprint, "quiet_until": not_before, "next_at": next_at}
        self._conn.execute(
            _MARK_SENT, _key(message) | sent
        )  # changes nothing if another worker has leased it

    @override
    def postpone(self, message: OutboxMessage, *, next_at: datetime) -> None:
        self._conn.execute(_POSTPONE, _key(message) | {"next_at": next_at})

    @override
    def reschedule(self, message: OutboxMessage, *, next_at: datetime) -> None:
        self._conn.execute(_RESCHEDULE, _key(message) | {"next_at": next_at})

    @override
    def drop(self, request_id: int) -> None:
        self._conn.execute(_DROP, {"of_source": request_id})

    @override
    def next_due_at(self, *, only_urgent: bool = False) -> datetime | None:
        if only_urgent:
            due_at: datetime | None = self._conn.execute(_NEXT_URGENT).scalar()
            return due_at
        return _QUEUE.next_due_at(self._conn)


def _key(message: OutboxMessage) -> dict[str, object]:
    return {"of_source": message.source_id, "of_kind": message.kind, "of_version": message.version}


@cache
def _create_once(dialect: str) -> Upsert:
    return upsert(dialect, outbox).values(_NEW).on_conflict_do_nothing(index_elements=["source_id", "kind"])


@cache
def _mark_due(dialect: str) -> Upsert:
    statement = upsert(dialect, outbox).values(_NEW)
    changes = _due_values(statement.excluded["due_at"])
    return statement.on_conflict_do_update(
        index_elements=["source_id", "kind"],
        set_={**changes, "is_urgent": statement.excluded["is_urgent"]},
    )
