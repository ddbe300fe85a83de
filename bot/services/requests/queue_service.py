"""A server's queue: what members see of it, and how moderators cancel, move, pause and refuse requests."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.audit import Action, AuditFacts
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.errors import ConflictError, RequestNotFoundError, TooLateError
from bot.domain.moderator_errors import NotClosedError, NotPausedError, NotQueuedError
from bot.domain.pause_times import parse_pause_end
from bot.domain.requests import AT_PROVIDER, MAX_ID, Failure, FailureKind, Request, State
from bot.domain.scheduling import SNAPSHOT_TTL_S, Pause, QueueSnapshot
from bot.domain.transitions import CANCEL_FROM
from bot.services.audit_log import ATTEMPTS, Actor, check_reason, record_action
from bot.services.cards import StatusCard, status_card
from bot.services.ports import Clock
from bot.services.requests.queue_snapshot import queue_snapshot
from bot.services.requests.service import CancelledRequest
from bot.services.requests.transitions import apply_transition, get_request, log_context
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

RUNNING_SHOWN = 5
WAITING_SHOWN = 15
AWAITING_SHOWN = 3
"""How many requests a view shows in this section, besides the member's own; the same for the two above."""
OWN_SHOWN = 2
"""How many more of the member's own requests each section shows."""
NO_END = "none"
"""What is typed in place of a pause's end if it has none."""
MAX_SUGGESTIONS = 500
"""How many requests moderators can choose from; others are cancelled by their id."""


@dataclass(frozen=True, slots=True)
class QueueSection:
    """Some of a server's requests that are in the same stage."""

    cards: tuple[StatusCard, ...] = ()
    more: int = 0
    """How many other requests are in this stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """A server's pending requests, as one of its members sees them."""

    user_id: int
    running: QueueSection
    """Requests at the provider, oldest first."""
    waiting: QueueSection
    """In the order in which they will be submitted."""
    awaiting: QueueSection
    """Requests that a moderator has to approve, oldest first."""
    outage: ProviderOutage | None
    """The lasting outage for which nothing is submitted."""
    pause: Pause | None
    """The pause that is in force."""
    closed: str | None
    """The moderators' reason for taking no more requests; None if they take them."""
    paused_by_operator: bool
    """True if the bot's operator has paused all submissions."""


@dataclass(frozen=True, slots=True)
class PausedQueue:
    """A server whose songs were paused."""

    waiting: int
    """How many requests wait."""
    until: datetime | None
    """When the pause ends by itself."""


class QueueService:
    """The servers' queues."""

    def __init__(self, store: Store, *, slots: int, clock: Clock) -> None:
        self._store = store
        self._slots = slots
        self._clock = clock

    async def view(self, guild_id: int, user_id: int) -> QueueView:
        """Return the server's pending requests, as much of them as a member is shown.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(_view, guild_id, user_id, self._slots, self._clock())

    async def cancellable(self, guild_id: int) -> list[StatusCard]:
        """Return the server's requests that can be cancelled: by position, then those awaiting approval."""
        return await self._store.read(_cancellable, guild_id, self._slots, self._clock())

    async def cancel(self, actor: Actor, request_id: int, *, reason: str) -> CancelledRequest:
        """Cancel a member's request for a moderator; release its credits and show the member the reason.

        Raises:
            RequestNotFoundError: the server has no request with that id.
            TooLateError: the request is at the provider already, or it has ended.
            ReasonError: the reason is empty or too long.
        """
        reason = check_reason(reason)
        if request_id > MAX_ID:
            raise RequestNotFoundError
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._cancel(actor, request_id, reason)
            except ConflictError:  # its state was changed at the same moment: the new state decides
                continue
        return await self._cancel(actor, request_id, reason)

    async def pause(self, actor: Actor, reason: str, until: str | None = None) -> PausedQueue:
        """Pause the server: submit none of its requests until it is resumed.

        `until` is how long the pause lasts or when it ends, as a moderator types it, or "none". Pausing again
        changes the reason, and the end if one is given.

        Raises:
            ReasonError: the reason is empty or too long; nothing was changed.
            PauseEndError: `until` means no time within the coming year; nothing was changed.
        """
        reason, now = check_reason(reason), self._clock()
        keeps_end = until is None
        end = None if until is None or until.strip().lower() == NO_END else parse_pause_end(until, now)
        paused = await self._store.write(_pause, actor, Pause(reason, end), now, keeps_end=keeps_end)
        log.info("the server's songs are paused", extra={"guild": actor.guild_id, "user": actor.actor_id})
        return paused

    async def resume(self, actor: Actor) -> int:
        """Resume the server's submissions; return how many requests wait.

        Raises:
            NotPausedError: the server is not paused.
        """
        waiting = await self._store.write(_resume, actor, self._clock())
        log.info("the server's songs are resumed", extra={"guild": actor.guild_id, "user": actor.actor_id})
        return waiting

    async def close(self, actor: Actor, reason: str) -> int:
        """Take no more requests, but make the songs that wait; return how many those are.

        Closing again changes the reason.

        Raises:
            ReasonError: the reason is empty or too long; nothing was changed.
        """
        return await self._store.write(_close, actor, check_reason(reason), self._clock())

    async def open(self, actor: Actor) -> None:
        """Take requests again.

        Raises:
            NotClosedError: the server takes requests.
        """
        await self._store.write(_open, actor, self._clock())

    async def move_to_front(self, actor: Actor, request_id: int) -> StatusCard:
        """Move a waiting request before all others of its server; return its status.

        Raises:
            RequestNotFoundError: the server has no request with that id.
            NotQueuedError: the request does not wait in the queue.
        """
        if request_id > MAX_ID:
            raise RequestNotFoundError
        return await self._store.write(_move_to_front, actor, request_id, self._slots, self._clock())

    async def _cancel(self, actor: Actor, request_id: int, reason: str) -> CancelledRequest:
        cancelled = await self._store.write(_cancel, actor, request_id, reason, self._clock())
        log.info("cancelled by a moderator", extra=log_context(cancelled))
        return CancelledRequest(cancelled.cost)


def _view(uow: UnitOfWork, guild_id: int, user_id: int, slots: int, now: datetime) -> QueueView:
    queue = queue_snapshot(uow, slots, now)
    own = uow.requests.active_of(guild_id, user_id)
    counts = {
        state: uow.requests.per_guild(state).get(guild_id, 0) for state in (State.WAITING, State.AWAITING)
    }
    running = uow.requests.of_guild(guild_id, *AT_PROVIDER, limit=MAX_SUGGESTIONS)
    running.sort(key=lambda request: (request.accepted_at or now, request.id))
    waiting = _first_waiting(uow, queue, guild_id)
    awaiting = uow.requests.of_guild(guild_id, State.AWAITING, limit=AWAITING_SHOWN)

    def section(requests: Sequence[Request], first: int, total: int, *states: State) -> QueueSection:
        ours = [request for request in own if request.state in states]
        shown = _with_own(requests, ours, first)
        return QueueSection(_cards(uow, queue, shown, now), total - len(shown))

    return QueueView(
        user_id=user_id,
        running=section(running, RUNNING_SHOWN, len(running), *AT_PROVIDER),
        waiting=section(waiting, WAITING_SHOWN, counts[State.WAITING], State.WAITING),
        awaiting=section(awaiting, AWAITING_SHOWN, counts[State.AWAITING], State.AWAITING),
        outage=queue.outage,
        pause=queue.paused.get(guild_id),
        closed=uow.guilds.settings(guild_id).closed,
        paused_by_operator=queue.paused_by_operator,
    )


def _first_waiting(uow: UnitOfWork, queue: QueueSnapshot, guild_id: int) -> list[Request]:
    """Return the server's requests that will be submitted first, in that order."""
    if guild_id in queue.paused:  # its requests have no position: show them by age
        return uow.requests.of_guild(guild_id, State.WAITING, limit=WAITING_SHOWN)
    ids = [entry.request_id for entry in queue.order if entry.guild_id == guild_id]
    return [get_request(uow, request_id) for request_id in ids[:WAITING_SHOWN]]


def _with_own(requests: Sequence[Request], own: Sequence[Request], first: int) -> list[Request]:
    """Return the first `first` requests, then some of the member's own that are not among them."""
    shown = list(requests[:first])
    ids = {request.id for request in shown}
    return shown + [request for request in own if request.id not in ids][:OWN_SHOWN]


def _cards(
    uow: UnitOfWork, queue: QueueSnapshot, requests: Sequence[Request], now: datetime
) -> tuple[StatusCard, ...]:
    """Return the status cards of the requests, those in the queue by their positions."""
    models = {request.spec.model for request in requests}
    known = {model: uow.durations.get(model) for model in models}
    cards = (
        status_card(
            request,
            queue=queue,
            durations=known[request.spec.model],
            now=now,
            held_until=queue.backoffs.get(request.id),
        )
        for request in requests
    )
    return tuple(sorted(cards, key=lambda card: card.position or 0))


def _cancellable(uow: UnitOfWork, guild_id: int, slots: int, now: datetime) -> list[StatusCard]:
    queue = queue_snapshot(uow, slots, now)
    waiting = uow.requests.of_guild(guild_id, State.WAITING, limit=MAX_SUGGESTIONS)
    awaiting = uow.requests.of_guild(guild_id, State.AWAITING, limit=MAX_SUGGESTIONS)
    return [*_cards(uow, queue, waiting, now), *_cards(uow, queue, awaiting, now)]


@unit_of_work("queue.cancel")
def _cancel(uow: UnitOfWork, actor: Actor, request_id: int, reason: str, now: datetime) -> Request:
    request = uow.requests.find(request_id)
    if request is None or request.guild_id != actor.guild_id:
        raise RequestNotFoundError
    is_new = record_action(
        uow,
        actor,
        Action.CANCEL,
        subject_id=request.user_id,
        before={"request": request.id, "state": request.state},
        after={"request": request.id, "state": State.CANCELLED},
        reason=reason,
        now=now,
    )
    if not is_new:
        return request
    transition = CANCEL_FROM.get(request.state)
    if transition is None:
        raise TooLateError(request.state)
    return apply_transition(uow, request, transition, now=now, failure=Failure(FailureKind.MODERATOR, reason))


@unit_of_work("queue.move_to_front")
def _move_to_front(uow: UnitOfWork, actor: Actor, request_id: int, slots: int, now: datetime) -> StatusCard:
    uow.requests.lock_queue()  # its state is read first, and no submitter may claim it meanwhile
    request = uow.requests.find(request_id)
    if request is None or request.guild_id != actor.guild_id:
        raise RequestNotFoundError
    facts: AuditFacts = {"request": request.id}
    if record_action(uow, actor, Action.NEXT, subject_id=request.user_id, after=facts, now=now):
        if request.state is not State.WAITING:
            raise NotQueuedError(request.state)
        uow.requests.move_to_front(request.id, now=now)
        uow.outbox.mark_queue_due(actor.guild_id, due_at=now + timedelta(seconds=SNAPSHOT_TTL_S))
    return _cards(uow, queue_snapshot(uow, slots, now), [request], now)[0]


@unit_of_work("queue.pause")
def _pause(uow: UnitOfWork, actor: Actor, pause: Pause, now: datetime, *, keeps_end: bool) -> PausedQueue:
    uow.requests.lock_queue()  # no submitter may claim a request of the server after this pause
    settings = uow.guilds.get_for_update(actor.guild_id)
    before = settings.pause(now)
    if before is not None and keeps_end:
        pause = replace(pause, until=before.until)
    is_new = record_action(
        uow,
        actor,
        Action.PAUSE,
        before=_pause_facts(before),
        after=_pause_facts(pause),
        reason=pause.reason,
        now=now,
    )
    if is_new:
        paused = replace(settings, paused=pause.reason, paused_until=pause.until)
        uow.guilds.update(actor.guild_id, paused)
        uow.outbox.mark_queue_due(actor.guild_id, due_at=now + timedelta(seconds=SNAPSHOT_TTL_S))
    return PausedQueue(_count_waiting(uow, actor), pause.until)


def _pause_facts(pause: Pause | None) -> AuditFacts:
    """Return a pause as the audit log has it; its end is in seconds since the epoch."""
    end = int(pause.until.timestamp()) if pause and pause.until else None
    return {"paused": pause.reason if pause else None, "until": end}


@unit_of_work("queue.resume")
def _resume(uow: UnitOfWork, actor: Actor, now: datetime) -> int:
    settings = uow.guilds.get_for_update(actor.guild_id)
    before = settings.pause(now)
    facts, after = _pause_facts(before), _pause_facts(None)
    if record_action(uow, actor, Action.RESUME, before=facts, after=after, now=now):
        if before is None:
            raise NotPausedError
        uow.guilds.update(actor.guild_id, replace(settings, paused=None, paused_until=None))
        # the commit wakes the submitter, too: the requests go on at once
        uow.outbox.mark_queue_due(actor.guild_id, due_at=now + timedelta(seconds=SNAPSHOT_TTL_S))
    return _count_waiting(uow, actor)


@unit_of_work("queue.close")
def _close(uow: UnitOfWork, actor: Actor, reason: str, now: datetime) -> int:
    settings = uow.guilds.get_for_update(actor.guild_id)
    before: AuditFacts = {"closed": settings.closed}
    if record_action(
        uow, actor, Action.CLOSE, before=before, after={"closed": reason}, reason=reason, now=now
    ):
        uow.guilds.update(actor.guild_id, replace(settings, closed=reason))
    return _count_waiting(uow, actor)


@unit_of_work("queue.open")
def _open(uow: UnitOfWork, actor: Actor, now: datetime) -> None:
    settings = uow.guilds.get_for_update(actor.guild_id)
    before: AuditFacts = {"closed": settings.closed}
    if record_action(uow, actor, Action.OPEN, before=before, after={"closed": None}, now=now):
        if settings.closed is None:
            raise NotClosedError
        uow.guilds.update(actor.guild_id, replace(settings, closed=None))


def _count_waiting(uow: UnitOfWork, actor: Actor) -> int:
    return uow.requests.per_guild(State.WAITING).get(actor.guild_id, 0)
