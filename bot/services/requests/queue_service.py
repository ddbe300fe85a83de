"""A server's queue: who stands where, and what its moderators do about it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.audit import Action, AuditFacts
from bot.domain.errors import ConflictError, RequestNotFoundError, TooLateError
from bot.domain.moderator_errors import NotPausedError
from bot.domain.requests import AT_PROVIDER, Failure, FailureKind, Request, State
from bot.domain.transitions import CANCEL_FROM
from bot.services.delivery.cards import StatusCard, status_card
from bot.services.moderation.audit import ATTEMPTS, Actor, record_action
from bot.services.moderation.members import check_reason
from bot.services.ports import Clock
from bot.services.provider.circuit_breaker import ProviderOutage
from bot.services.requests.log_context import log_context
from bot.services.requests.queue import SNAPSHOT_TTL_S, QueueSnapshot
from bot.services.requests.queue_snapshot import queue_snapshot
from bot.services.requests.service import LARGEST_ID, CancelledRequest
from bot.services.requests.transitions import apply_transition, get_request
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

RUNNING_SHOWN = 5
WAITING_SHOWN = 15
AWAITING_SHOWN = 3
"""How many of each a view shows, besides the member's own."""
OWN_SHOWN = 2
"""How many more of the member's own are shown, of each."""
MAX_SUGGESTIONS = 500
"""How many requests moderators can choose from; the others can be named by their number."""


@dataclass(frozen=True, slots=True)
class QueueSection:
    """Some of a server's requests that are at the same point."""

    cards: tuple[StatusCard, ...] = ()
    more: int = 0
    """How many others there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """A server's requests under way, for one of its members."""

    user_id: int
    running: QueueSection
    """First those that will be finished first."""
    waiting: QueueSection
    """In the order in which they will be taken."""
    awaiting: QueueSection
    """Those that a moderator has to approve first; oldest first."""
    outage: ProviderOutage | None
    """The lasting trouble for which nothing is taken."""
    paused: str | None
    """Why the server's moderators have paused songs, in their words."""
    paused_by_operator: bool
    """True when the bot's operator has paused songs everywhere."""


class QueueService:
    """The servers' queues."""

    def __init__(self, store: Store, *, slots: int, clock: Clock) -> None:
        self._store = store
        self._slots = slots
        self._clock = clock

    async def view(self, guild_id: int, user_id: int) -> QueueView:
        """What is under way in the server, as far as a member wants to see it.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(_view, guild_id, user_id, self._slots, self._clock())

    async def cancellable(self, guild_id: int) -> list[StatusCard]:
        """The server's requests that can still be cancelled: by their turns, then those not approved yet."""
        return await self._store.read(_cancellable, guild_id, self._slots, self._clock())

    async def cancel(self, actor: Actor, request_id: int, *, reason: str) -> CancelledRequest:
        """A moderator turns a request away; its credits return to its member, who reads the reason.

        Raises:
            RequestNotFoundError: there is none of that number in the server.
            TooLateError: the provider has it already, or it has ended.
            ReasonError: the reason will not do.
        """
        reason = check_reason(reason)
        if request_id > LARGEST_ID:
            raise RequestNotFoundError
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._cancel(actor, request_id, reason)
            except ConflictError:  # it moved at the same moment: whatever it is now decides
                continue
        return await self._cancel(actor, request_id, reason)

    async def pause(self, actor: Actor, reason: str) -> int:
        """Nothing more of the server is submitted until it is resumed; gives how many requests wait.

        A second pause changes the reason.

        Raises:
            ReasonError: the reason will not do; nothing was changed.
        """
        waiting = await self._store.write(_pause, actor, check_reason(reason), self._clock())
        log.info("the server's songs are paused", extra={"guild": actor.guild_id, "user": actor.actor_id})
        return waiting

    async def resume(self, actor: Actor) -> int:
        """The server's requests go on; gives how many wait.

        Raises:
            NotPausedError: they were not paused.
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
    waiting = _next_of(uow, queue, guild_id)
    awaiting = uow.requests.of_guild(guild_id, State.AWAITING, limit=AWAITING_SHOWN)

    def part(requests: Sequence[Request], first: int, total: int, *states: State) -> QueueSection:
        ours = [request for request in own if request.state in states]
        shown = _with_own(requests, ours, first)
        return QueueSection(_cards(uow, queue, shown, now), total - len(shown))

    return QueueView(
        user_id=user_id,
        running=part(running, RUNNING_SHOWN, len(running), *AT_PROVIDER),
        waiting=part(waiting, WAITING_SHOWN, counts[State.WAITING], State.WAITING),
        awaiting=part(awaiting, AWAITING_SHOWN, counts[State.AWAITING], State.AWAITING),
        outage=queue.outage,
        paused=queue.paused.get(guild_id),
        paused_by_operator=queue.paused_by_operator,
    )


def _next_of(uow: UnitOfWork, queue: QueueSnapshot, guild_id: int) -> list[Request]:
    """The server's requests that will be taken first, in that order."""
    if guild_id in queue.paused:  # they stand in no line: by age
        return uow.requests.of_guild(guild_id, State.WAITING, limit=WAITING_SHOWN)
    ids = [place.request_id for place in queue.order if place.guild_id == guild_id]
    return [get_request(uow, request_id) for request_id in ids[:WAITING_SHOWN]]


def _with_own(requests: Sequence[Request], own: Sequence[Request], first: int) -> list[Request]:
    """The first so many, then some of the member's own that are not among them."""
    shown = list(requests[:first])
    ids = {request.id for request in shown}
    return shown + [request for request in own if request.id not in ids][:OWN_SHOWN]


def _cards(
    uow: UnitOfWork, queue: QueueSnapshot, requests: Sequence[Request], now: datetime
) -> tuple[StatusCard, ...]:
    """What the requests' messages say now; those in line come by their turns."""
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
    in_line = uow.requests.of_guild(guild_id, State.WAITING, limit=MAX_SUGGESTIONS)
    awaiting = uow.requests.of_guild(guild_id, State.AWAITING, limit=MAX_SUGGESTIONS)
    return [*_cards(uow, queue, in_line, now), *_cards(uow, queue, awaiting, now)]


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
    uow.requests.lock_queue()  # what is taken was taken before the pause, and nothing is after it
    settings = uow.guilds.get_for_update(actor.guild_id)
    before: AuditFacts = {"paused": settings.paused}
    if record_action(
        uow, actor, Action.PAUSE, before=before, after={"paused": reason}, reason=reason, now=now
    ):
        uow.guilds.update(actor.guild_id, replace(settings, paused=reason))
        uow.outbox.mark_queue_due(actor.guild_id, due_at=now + timedelta(seconds=SNAPSHOT_TTL_S))
    return _waiting(uow, actor)


@unit_of_work("queue.resume")
def _resume(uow: UnitOfWork, actor: Actor, now: datetime) -> int:
    settings = uow.guilds.get_for_update(actor.guild_id)
    before: AuditFacts = {"paused": settings.paused}
    if record_action(uow, actor, Action.RESUME, before=before, after={"paused": None}, now=now):
        if settings.paused is None:
            raise NotPausedError
        uow.guilds.update(actor.guild_id, replace(settings, paused=None))
        # this rings for the submitter, too: the requests go on at once
        uow.outbox.mark_queue_due(actor.guild_id, due_at=now + timedelta(seconds=SNAPSHOT_TTL_S))
    return _waiting(uow, actor)


def _waiting(uow: UnitOfWork, actor: Actor) -> int:
    return uow.requests.per_guild(State.WAITING).get(actor.guild_id, 0)
