"""A server's queue: what members see of it, and how moderators cancel, pause and resume requests."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.audit import Action, AuditFacts
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.errors import ConflictError, RequestNotFoundError, TooLateError
from bot.domain.moderator_errors import NotPausedError
from bot.domain.requests import AT_PROVIDER, MAX_ID, Failure, FailureKind, Request, State
from bot.domain.scheduling import SNAPSHOT_TTL_S, QueueSnapshot
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
    paused: str | None
    """The moderators' reason for pausing the server's songs; None if they are not paused."""
    paused_by_operator: bool
    """True if the bot's operator has paused all submissions."""


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

    async def pause(self, actor: Actor, reason: str) -> int:
        """Pause the server: submit none of its requests until it is resumed. Returns how many requests wait.

        Pausing again changes the reason.

        Raises:
            ReasonError: the reason is empty or too long; nothing was changed.
        """
        waiting = await self._store.write(_pause, actor, check_reason(reason), self._clock())
        log.info("the server's songs are paused", extra={"guild": actor.guild_id, "user": actor.actor_id})
        return waiting

    async def resume(self, actor: Actor) -> int:
        """Resume the server's submissions; return how many requests wait.

        Raises:
            NotPausedError: the server is not paused.
        """
        waiting = await self._store.write(_resume, actor, self._clock())
        log.info("the server's songs are resumed", extra={"guild": actor.guild_id, "user": actor.actor_id})
        return waiting

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
        paused=queue.paused.get(guild_id),
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


@unit_of_work("queue.pause")
def _pause(uow: UnitOfWork, actor: Actor, reason: str, now: datetime) -> int:
    uow.requests.lock_queue()  # no submitter may claim a request of the server after this pause
    settings = uow.guilds.get_for_update(actor.guild_id)
    before: AuditFacts = {"paused": settings.paused}
    if record_action(
        uow, actor, Action.PAUSE, before=before, after={"paused": reason}, reason=reason, now=now
    ):
        uow.guilds.update(actor.guild_id, replace(settings, paused=reason))
        uow.outbox.mark_queue_due(actor.guild_id, due_at=now + timedelta(seconds=SNAPSHOT_TTL_S))
    return _count_waiting(uow, actor)


@unit_of_work("queue.resume")
def _resume(uow: UnitOfWork, actor: Actor, now: datetime) -> int:
    settings = uow.guilds.get_for_update(actor.guild_id)
    before: AuditFacts = {"paused": settings.paused}
    if record_action(uow, actor, Action.RESUME, before=before, after={"paused": None}, now=now):
        if settings.paused is None:
            raise NotPausedError
        uow.guilds.update(actor.guild_id, replace(settings, paused=None))
        # the commit wakes the submitter, too: the requests go on at once
        uow.outbox.mark_queue_due(actor.guild_id, due_at=now + timedelta(seconds=SNAPSHOT_TTL_S))
    return _count_waiting(uow, actor)


def _count_waiting(uow: UnitOfWork, actor: Actor) -> int:
    return uow.requests.per_guild(State.WAITING).get(actor.guild_id, 0)
