"""The outbox: each notice is said by one courier at a time, and what comes meanwhile is kept for the next."""

from datetime import datetime
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql import Update
from typing_extensions import override

from bot.domain.errors import ConflictError
from bot.domain.requests import State
from bot.services.ports import WakeUp
from bot.services.repositories.outbox import MessageKind, Outbox, OutboxMessage
from bot.services.runtime.lease import Lease
from bot.storage.column_types import SNOWFLAKE, UtcDateTime
from bot.storage.repositories.leasing import DueTimes, is_due
from bot.storage.sql import Upsert, upsert
from bot.storage.tables import outbox, requests

_c = outbox.c
_AGENDA = DueTimes(outbox, "due_at")
_NEXT_AT = bindparam("next_at", type_=UtcDateTime())
_OPEN = insert(outbox)
_FREED = {"lease_owner": None, "lease_until": None, "version": _c.version + 1, "again_at": None}
_DUE = (
    select(_c.request_id, _c.kind, _c.version, _c.attempts, _c.sent, _c.delivery_attempt)
    .where(is_due(outbox, "due_at"))
    .order_by(_c.due_at)
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True)
)
_LEASE = (
    update(outbox)
    .where(tuple_(_c.request_id, _c.kind).in_(bindparam("keys", expanding=True)))
    .values(
        version=_c.version + 1,
        # what was touched up to now is said by whoever takes the notice now
        again_at=case((_c.again_at > bindparam("now"), _c.again_at), else_=None),
    )
)
_MINE = update(outbox).where(
    _c.request_id == bindparam("of_request"),
    _c.kind == bindparam("of_kind"),
    _c.version == bindparam("of_version"),
)
_INTEND = _MINE.values(delivery_attempt=bindparam("where_to"))
_KEEP = _MINE.values(lease_until=bindparam("kept_until", type_=UtcDateTime()))
_IN_HAND = _MINE.values(_FREED)


def _later(one: ColumnElement[datetime], other: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """The later of two moments; the second when the first is NULL."""
    return case((one > other, one), else_=other)


def _sooner(one: ColumnElement[datetime], other: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """The earlier of two moments; the second when the first is NULL."""
    return case((one < other, one), else_=other)


_NOT_BEFORE = bindparam("quiet_until", type_=UtcDateTime())
_WANTED_AT = func.coalesce(_c.again_at, _NEXT_AT)
_SAID = _IN_HAND.values(
    sent=bindparam("fingerprint"),
    delivery_attempt=None,
    attempts=0,
    not_before=_NOT_BEFORE,
    due_at=case((_WANTED_AT < _NOT_BEFORE, _NOT_BEFORE), else_=_WANTED_AT),
)
_FAILED = _IN_HAND.values(
    attempts=_c.attempts + 1,
    not_before=_NEXT_AT,
    due_at=_NEXT_AT,
    again_at=case((_c.again_at > _NEXT_AT, _c.again_at), else_=None),
)
_IN_HAND_NOW = _c.lease_until.is_not(None)


def _touched(due_at: ColumnElement[datetime]) -> dict[str, ColumnElement[datetime]]:
    """What a touch writes: it waits for `not_before`, and for the courier who has the notice in hand."""
    wanted_at = _later(_c.not_before, due_at)
    return {
        "due_at": case((_IN_HAND_NOW, _c.due_at), else_=_sooner(_c.due_at, wanted_at)),
        "again_at": case((_IN_HAND_NOW, _sooner(_c.again_at, wanted_at)), else_=_c.again_at),
    }


_GUILD = bindparam("guild", type_=SNOWFLAKE)
_LINE = select(requests.c.id).where(
    requests.c.state == State.WAITING, or_(_GUILD.is_(None), requests.c.guild_id == _GUILD)
)
_TOUCH_LINE = (
    update(outbox)
    .where(_c.kind == MessageKind.STATUS, _c.request_id.in_(_LINE))
    .values(_touched(bindparam("at", type_=UtcDateTime())))
)


_DROP = delete(outbox).where(_c.request_id == bindparam("of_request"))


class SqlOutbox(Outbox):
    """The outbox, as one transaction sees it; `on_due` hears of each notice that may be due."""

    def __init__(self, conn: Connection, *, on_due: WakeUp) -> None:
        self._conn = conn
        self._on_due = on_due

    @override
    def create(
        self, request_id: int, kind: MessageKind, *, fingerprint: str, not_before: datetime, next_at: datetime
    ) -> None:
        row = {
            "request_id": request_id,
            "kind": kind,
            "due_at": max(next_at, not_before),
            "not_before": not_before,
            "version": 1,
            "attempts": 0,
            "sent": fingerprint,
        }
        self._conn.execute(_OPEN, row)
        self._on_due()

    @override
    def mark_due(self, request_id: int, kind: MessageKind, *, due_at: datetime) -> None:
        touched = {"request_id": request_id, "kind": kind, "due_at": due_at, "version": 1, "attempts": 0}
        self._conn.execute(_touch(self._conn.dialect.name), touched)
        self._on_due()

    @override
    def mark_queue_due(self, guild_id: int | None, *, due_at: datetime) -> None:
        self._conn.execute(_TOUCH_LINE, {"guild": guild_id, "at": due_at})
        self._on_due()

    @override
    def claim_due(self, *, now: datetime, lease: Lease, limit: int) -> list[OutboxMessage]:
        rows = self._conn.execute(_DUE, {"now": now, "at_most": limit}).all()
        if rows:
            keys = [(row.request_id, row.kind) for row in rows]
            terms = {"lease_owner": lease.owner, "lease_until": lease.until, "now": now}
            self._conn.execute(_LEASE, {"keys": keys, **terms})
        return [
            OutboxMessage(
                request_id=row.request_id,
                kind=MessageKind(row.kind),
                version=row.version + 1,
                attempts=row.attempts,
                sent=row.sent,
                attempt=row.delivery_attempt,
            )
            for row in rows
        ]

    @override
    def extend_lease(self, message: OutboxMessage, *, until: datetime) -> None:
        self._change(_KEEP, message, {"kept_until": until})

    @override
    def record_attempt(self, message: OutboxMessage, attempt: str | None) -> None:
        self._change(_INTEND, message, {"where_to": attempt})

    def _change(self, statement: Update, message: OutboxMessage, values: dict[str, object]) -> None:
        """Change the notice, if it is still in this courier's hand."""
        written = self._conn.execute(statement, _key(message) | values)
        if written.rowcount != 1:
            raise ConflictError(
                f"The {message.kind} of request {message.request_id} is in another hand by now."
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
        self._conn.execute(_SAID, _key(message) | sent)

    @override
    def reschedule(self, message: OutboxMessage, *, next_at: datetime) -> None:
        self._conn.execute(_FAILED, _key(message) | {"next_at": next_at})

    @override
    def drop(self, request_id: int) -> None:
        self._conn.execute(_DROP, {"of_request": request_id})

    @override
    def next_due_at(self) -> datetime | None:
        return _AGENDA.next_due_at(self._conn)


def _key(message: OutboxMessage) -> dict[str, object]:
    return {"of_request": message.request_id, "of_kind": message.kind, "of_version": message.version}


@cache
def _touch(dialect: str) -> Upsert:
    statement = upsert(dialect, outbox)
    return statement.on_conflict_do_update(
        index_elements=["request_id", "kind"], set_=_touched(statement.excluded["due_at"])
    )
