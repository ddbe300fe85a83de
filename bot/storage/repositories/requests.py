"""The requests: transitions guarded by version and state, claims by lease."""

from datetime import datetime
from typing import Unpack

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    select,
    update,
)
from typing_extensions import override

from bot.domain.errors import ConflictError, StoreError
from bot.domain.leases import Lease
from bot.domain.provider_tasks import TaskProgress
from bot.domain.requests import AT_PROVIDER, NewRequest, ReplyAddress, Request, State
from bot.domain.scheduling import QueueEntry
from bot.domain.spending import Spending
from bot.domain.transitions import TRANSITIONS, Transition
from bot.services.ports import Clock, WorkQueue
from bot.services.repositories.requests import RequestChanges, Requests
from bot.storage.advisory_locks import AdvisoryLock, lock
from bot.storage.repositories.leasing import ClaimableQueue
from bot.storage.repositories.request_mapping import (
    columns_of_address,
    columns_of_changes,
    columns_of_new,
    request_of,
    state_of_new,
    stored_progress,
)
from bot.storage.sql import Notify, SqlRepository
from bot.storage.tables import IS_ACTIVE, IS_USED, events, guilds, members, requests

PLACED = "place"
"""The first event of each request."""

_c = requests.c
_QUEUE = ClaimableQueue(_c.next_at)
_OLDEST_FIRST = (_c.placed_at, _c.id)
_ADD = insert(requests)
_ADD_EVENT = insert(events)
_FIND = select(requests).where(_c.id == bindparam("of_id"))
_UPDATE_GUARDED = (
    update(requests)
    .where(
        _c.id == bindparam("of_id"),
        _c.version == bindparam("of_version"),
        _c.state == bindparam("of_state"),
    )
    .returning(requests)
)
_UPDATE = update(requests).where(_c.id == bindparam("of_id"))
_ACTIVE_OF = select(requests).where(
    _c.guild_id == bindparam("guild"),
    _c.user_id == bindparam("user"),
    IS_ACTIVE,
)
_IS_LATE = func.coalesce(_c.message_id, 0) == _c.id  # a late task's request has its status message's id
_HAS_ORDERED = select(
    exists().where(
        _c.guild_id == bindparam("guild"),
        _c.user_id == bindparam("user"),
        _c.placed_at > bindparam("since"),
        ~_IS_LATE,
    )
)
_UNCONFIRMED_UNTIL = case((and_(_c.message_id.is_(None), _c.token.is_not(None)), _c.token_until))
_WAITING = (
    select(
        _c.id,
        _c.guild_id,
        _c.user_id,
        _c.model,
        func.coalesce(members.c.active, 1),
        members.c.last_turn_at,
        guilds.c.last_turn_at,
        members.c.backoff_until,
        _UNCONFIRMED_UNTIL,
        _c.moved_at,
    )
    .outerjoin(members, and_(members.c.guild_id == _c.guild_id, members.c.user_id == _c.user_id))
    .outerjoin(guilds, guilds.c.guild_id == _c.guild_id)
    .where(_c.state == bindparam("of_state"), IS_ACTIVE)
    .order_by(*_OLDEST_FIRST)
)
# in the statement's text: PostgreSQL soon plans for any states, and then not by the index of pending ones
_IN_STATES = _c.state.in_(bindparam("states", expanding=True, literal_execute=True))
_PER_GUILD = select(_c.guild_id, func.count()).where(_IN_STATES, IS_ACTIVE).group_by(_c.guild_id)
_ON_HOLD = (
    select(
        _c.guild_id,
        func.count().label("songs"),
        func.sum(_c.cost).label("credits"),
        func.max(_c.placed_at).label("last_at"),
    )
    .where(_c.placed_at >= bindparam("since"), IS_ACTIVE)
    .group_by(_c.guild_id)
)
_queued = requests.alias("queued")
_QUEUED_USERS = select(_queued.c.user_id).where(_queued.c.state == bindparam("of_state"))
_RUNNING_IN = select(_c.user_id, _c.guild_id).where(_IN_STATES, _c.user_id.in_(_QUEUED_USERS)).distinct()
_RUNNING_SINCE = select(_c.model, _c.accepted_at).where(_IN_STATES)
_OF_GUILD = (
    select(requests)
    .where(_c.guild_id == bindparam("guild"), _IN_STATES, IS_ACTIVE)
    .order_by(*_OLDEST_FIRST)
    .limit(bindparam("at_most"))
)
# server by server: asked for all at once, SQLite would read every song that was ever used
_USED_IN_EACH = (
    select(func.sum(_c.cost))
    .where(_c.ended_at >= bindparam("since"), IS_USED, _c.guild_id == guilds.c.guild_id)
    .scalar_subquery()
)
_USED_SINCE = select(func.coalesce(func.sum(_USED_IN_EACH), 0)).select_from(guilds)
_COUNT = select(func.count()).select_from(requests).where(_IN_STATES)
_COUNT_WAITING = _COUNT.where(_c.guild_id == bindparam("guild"), IS_ACTIVE)
_DUE_STATES = frozenset({State.SUBMITTING, State.MAKING})


class SqlRequests(SqlRepository, Requests):
    """The requests in one transaction; `clock` dates the events."""

    def __init__(self, conn: Connection, notify: Notify, *, clock: Clock) -> None:
        super().__init__(conn, notify)
        self._clock = clock

    @override
    def add(self, new: NewRequest) -> Request:
        self._conn.execute(_ADD, columns_of_new(new))
        request = Request(
            id=new.id,
            guild_id=new.guild_id,
            user_id=new.user_id,
            spec=new.spec,
            cost=new.cost,
            policy=new.policy,
            address=new.address,
            placed_at=new.placed_at,
            state=state_of_new(new),
            version=1,
            delivery_channel_id=new.delivery_channel_id,
            origin=new.origin,
        )
        self._add_event(request, PLACED, at=new.placed_at, detail=None)
        if request.state is State.WAITING and not new.address.is_unconfirmed(new.placed_at):
            self._notify(WorkQueue.SUBMISSIONS)
        return request

    @override
    def find(self, request_id: int) -> Request | None:
        row = self._conn.execute(_FIND, {"of_id": request_id}).first()
        return None if row is None else request_of(row)

    @override
    def transition(
        self,
        request: Request,
        transition: Transition,
        *,
        lease: Lease | None = None,
        **changes: Unpack[RequestChanges],
    ) -> Request:
        rule = TRANSITIONS[transition]
        columns = columns_of_changes(changes) | {"state": rule.target}
        if rule.target not in _DUE_STATES:  # no worker handles it in that state
            columns.setdefault("next_at", None)
        changed = self._write(request, rule.source, columns, lease)
        self._add_event(changed, transition, at=self._clock(), detail=_detail(changes))
        if rule.target is State.MAKING:
            self._notify(WorkQueue.POLLS)
        elif rule.target is State.WAITING or rule.source in AT_PROVIDER:  # it is queued, or a slot is free
            self._notify(WorkQueue.SUBMISSIONS)
        return changed

    @override
    def save_progress(self, request: Request, *, progress: TaskProgress, next_at: datetime) -> Request:
        return self._write(
            request, request.state, {"progress": stored_progress(progress), "next_at": next_at}, None
        )

    @override
    def set_address(self, request_id: int, address: ReplyAddress) -> None:
        written = self._conn.execute(_UPDATE, {"of_id": request_id, **columns_of_address(address)})
        if written.rowcount != 1:
            raise StoreError(f"There is no request {request_id} whose address could be stored.")
        if address.token is not None:  # its answer is known now, so that it may be submitted
            self._notify(WorkQueue.SUBMISSIONS)

    @override
    def set_approval(self, request_id: int, channel_id: int, message_id: int | None) -> None:
        where = {"approval_channel_id": channel_id, "approval_message_id": message_id}
        self._conn.execute(_UPDATE, {"of_id": request_id, **where})

    @override
    def move_to_front(self, request_id: int, *, now: datetime) -> None:
        self._conn.execute(_UPDATE, {"of_id": request_id, "moved_at": now})

    @override
    def active_of(self, guild_id: int, user_id: int) -> list[Request]:
        rows = self._conn.execute(_ACTIVE_OF, {"guild": guild_id, "user": user_id})
        return sorted(map(request_of, rows), key=lambda request: (request.placed_at, request.id))

    @override
    def has_ordered(self, guild_id: int, user_id: int, *, since: datetime) -> bool:
        asked = {"guild": guild_id, "user": user_id, "since": since}
        return bool(self._conn.execute(_HAS_ORDERED, asked).scalar_one())

    @override
    def lock_queue(self) -> None:
        lock(self._conn, AdvisoryLock.QUEUE)

    @override
    def count(self, *states: State) -> int:
        return int(self._conn.execute(_COUNT, {"states": sorted(states)}).scalar_one())

    @override
    def count_waiting(self, guild_id: int) -> int:
        terms = {"guild": guild_id, "states": [State.AWAITING, State.WAITING]}
        return int(self._conn.execute(_COUNT_WAITING, terms).scalar_one())

    @override
    def waiting(self) -> list[QueueEntry]:
        rows = self._conn.execute(_WAITING, {"of_state": State.WAITING})
        return [
            QueueEntry(
                request_id=row[0],
                guild_id=row[1],
                user_id=row[2],
                model=row[3],
                member_active=row[4],
                member_turn_at=row[5],
                guild_turn_at=row[6],
                backoff_until=row[7],
                unconfirmed_until=row[8],
                moved_at=row[9],
            )
            for row in rows
        ]

    @override
    def running(self) -> dict[int, int]:
        return self.per_guild(*AT_PROVIDER)

    @override
    def running_in(self) -> dict[int, set[int]]:
        rows = self._conn.execute(_RUNNING_IN, {"states": sorted(AT_PROVIDER), "of_state": State.WAITING})
        found: dict[int, set[int]] = {}
        for user_id, guild_id in rows:
            found.setdefault(user_id, set()).add(guild_id)
        return found

    @override
    def running_since(self) -> list[tuple[str, datetime | None]]:
        rows = self._conn.execute(_RUNNING_SINCE, {"states": sorted(AT_PROVIDER)})
        return [(model, since) for model, since in rows]

    @override
    def per_guild(self, *states: State) -> dict[int, int]:
        rows = self._conn.execute(_PER_GUILD, {"states": sorted(states)})
        return {guild_id: int(count) for guild_id, count in rows}

    @override
    def on_hold(self, *, since: datetime) -> dict[int, Spending]:
        rows = self._conn.execute(_ON_HOLD, {"since": since})
        return {
            row.guild_id: Spending(songs=int(row.songs), credits=int(row.credits), last_at=row.last_at)
            for row in rows
        }

    @override
    def of_guild(self, guild_id: int, *states: State, limit: int) -> list[Request]:
        terms = {"guild": guild_id, "states": sorted(states), "at_most": limit}
        return [request_of(row) for row in self._conn.execute(_OF_GUILD, terms)]

    @override
    def used_since(self, since: datetime) -> int:
        return int(self._conn.execute(_USED_SINCE, {"since": since}).scalar_one())

    @override
    def claim_due(self, *, now: datetime, lease: Lease, limit: int) -> list[Request]:
        rows = _QUEUE.claim(self._conn, now=now, lease=lease, limit=limit)
        return [request_of(row, version=row.version + 1) for row in rows]

    @override
    def next_due_at(self) -> datetime | None:
        return _QUEUE.next_due_at(self._conn)

    def _write(
        self, request: Request, source: State, columns: dict[str, object], lease: Lease | None
    ) -> Request:
        columns |= {
            "of_id": request.id,
            "of_version": request.version,
            "of_state": source,
            "version": request.version + 1,
            "lease_owner": lease.owner if lease else None,
            "lease_until": lease.until if lease else None,
        }
        row = self._conn.execute(_UPDATE_GUARDED, columns).first()
        if row is None:
            raise ConflictError(
                f"Request {request.id} is no longer {source} in version {request.version}: "
                "another unit of work has changed it."
            )
        return request_of(row)

    def _add_event(self, request: Request, transition: str, *, at: datetime, detail: str | None) -> None:
        # the version rises with each write, so that it numbers the events without a query
        event = {
            "request_id": request.id,
            "seq": request.version,
            "transition": transition,
            "state": request.state,
            "at": at,
            "detail": detail,
        }
        self._conn.execute(_ADD_EVENT, event)


def _detail(changes: RequestChanges) -> str | None:
    failure = changes.get("failure")
    if failure is not None:
        return f"{failure.kind}: {failure.detail}"
    return changes.get("task_id")
