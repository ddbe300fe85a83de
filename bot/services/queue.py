"""A server's queue: who stands where, and what its moderators do about it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.changes import Action, Facts
from bot.domain.errors import RequestNotFoundError, StaleError, TooLateError
from bot.domain.moderator_errors import NotPausedError
from bot.domain.requests import AT_PROVIDER, CANCEL_FROM, Failure, FailureKind, Request, State
from bot.services.cards import StatusCard, status_card
from bot.services.decisions import ATTEMPTS, By, decide
from bot.services.facts import facts_of
from bot.services.gate import Trouble
from bot.services.line import LINE_S, Line
from bot.services.moderation import check_reason
from bot.services.moves import existing, make_move
from bot.services.ports import Clock
from bot.services.songs import LARGEST_ID, Cancelled
from bot.services.status import line_of
from bot.services.work import Store, Work, unit_of_work

log = logging.getLogger(__name__)

RUNNING_SHOWN = 5
WAITING_SHOWN = 15
AWAITING_SHOWN = 3
"""How many of each a view shows, besides the member's own."""
OWN_SHOWN = 2
"""How many more of the member's own are shown, of each."""
MOST_OFFERED = 500
"""How many requests moderators can choose from; the others can be named by their number."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a server's requests that are at the same point."""

    cards: tuple[StatusCard, ...] = ()
    more: int = 0
    """How many others there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """A server's requests under way, for one of its members."""

    user_id: int
    running: Part
    """First those that will be finished first."""
    waiting: Part
    """In the order in which they will be taken."""
    awaiting: Part
    """Those that a moderator has to approve first; oldest first."""
    pause: Trouble | None
    """The lasting trouble for which nothing is taken."""
    paused: str | None
    """Why the server's moderators have paused songs, in their words."""
    halted: bool
    """True when the bot's operator has paused songs everywhere."""


class Queue:
    """The servers' queues."""

    def __init__(self, store: Store, *, places: int, clock: Clock) -> None:
        self._store = store
        self._places = places
        self._clock = clock

    async def view(self, guild_id: int, user_id: int) -> QueueView:
        """What is under way in the server, as far as a member wants to see it.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(_view, guild_id, user_id, self._places, self._clock())

    async def cancellable(self, guild_id: int) -> list[StatusCard]:
        """The server's requests that can still be cancelled: by their turns, then those not approved yet."""
        return await self._store.read(_cancellable, guild_id, self._places, self._clock())

    async def cancel(self, by: By, request_id: int, *, reason: str) -> Cancelled:
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
                return await self._cancel(by, request_id, reason)
            except StaleError:  # it moved at the same moment: whatever it is now decides
                continue
        return await self._cancel(by, request_id, reason)

    async def pause(self, by: By, reason: str) -> int:
        """Nothing more of the server is submitted until it is resumed; gives how many requests wait.

        A second pause changes the reason.

        Raises:
            ReasonError: the reason will not do; nothing was changed.
        """
        waiting = await self._store.write(_pause, by, check_reason(reason), self._clock())
        log.info("the server's songs are paused", extra={"guild": by.guild_id, "user": by.actor_id})
        return waiting

    async def resume(self, by: By) -> int:
        """The server's requests go on; gives how many wait.

        Raises:
            NotPausedError: they were not paused.
        """
        waiting = await self._store.write(_resume, by, self._clock())
        log.info("the server's songs are resumed", extra={"guild": by.guild_id, "user": by.actor_id})
        return waiting

    async def _cancel(self, by: By, request_id: int, reason: str) -> Cancelled:
        cancelled = await self._store.write(_cancel, by, request_id, reason, self._clock())
        log.info("cancelled by a moderator", extra=facts_of(cancelled))
        return Cancelled(cancelled.cost)


def _view(work: Work, guild_id: int, user_id: int, places: int, now: datetime) -> QueueView:
    line = line_of(work, places, now)
    own = work.requests.active_of(guild_id, user_id)
    counts = {
        state: work.requests.per_guild(state).get(guild_id, 0) for state in (State.WAITING, State.AWAITING)
    }
    running = work.requests.of_guild(guild_id, *AT_PROVIDER, limit=MOST_OFFERED)
    running.sort(key=lambda request: (request.accepted_at or now, request.id))
    waiting = _next_of(work, line, guild_id)
    awaiting = work.requests.of_guild(guild_id, State.AWAITING, limit=AWAITING_SHOWN)

    def part(requests: Sequence[Request], first: int, total: int, *states: State) -> Part:
        ours = [request for request in own if request.state in states]
        shown = _with_own(requests, ours, first)
        return Part(_cards(work, line, shown, now), total - len(shown))

    return QueueView(
        user_id=user_id,
        running=part(running, RUNNING_SHOWN, len(running), *AT_PROVIDER),
        waiting=part(waiting, WAITING_SHOWN, counts[State.WAITING], State.WAITING),
        awaiting=part(awaiting, AWAITING_SHOWN, counts[State.AWAITING], State.AWAITING),
        pause=line.pause,
        paused=line.paused.get(guild_id),
        halted=line.halted,
    )


def _next_of(work: Work, line: Line, guild_id: int) -> list[Request]:
    """The server's requests that will be taken first, in that order."""
    if guild_id in line.paused:  # they stand in no line: by age
        return work.requests.of_guild(guild_id, State.WAITING, limit=WAITING_SHOWN)
    ids = [place.request_id for place in line.order if place.guild_id == guild_id]
    return [existing(work, request_id) for request_id in ids[:WAITING_SHOWN]]


def _with_own(requests: Sequence[Request], own: Sequence[Request], first: int) -> list[Request]:
    """The first so many, then some of the member's own that are not among them."""
    shown = list(requests[:first])
    ids = {request.id for request in shown}
    return shown + [request for request in own if request.id not in ids][:OWN_SHOWN]


def _cards(work: Work, line: Line, requests: Sequence[Request], now: datetime) -> tuple[StatusCard, ...]:
    """What the requests' messages say now; those in line come by their turns."""
    models = {request.spec.model for request in requests}
    known = {model: work.timings.of(model) for model in models}
    cards = (
        status_card(
            request,
            line=line,
            durations=known[request.spec.model],
            now=now,
            held_until=line.held.get(request.id),
        )
        for request in requests
    )
    return tuple(sorted(cards, key=lambda card: card.position or 0))


def _cancellable(work: Work, guild_id: int, places: int, now: datetime) -> list[StatusCard]:
    line = line_of(work, places, now)
    in_line = work.requests.of_guild(guild_id, State.WAITING, limit=MOST_OFFERED)
    awaiting = work.requests.of_guild(guild_id, State.AWAITING, limit=MOST_OFFERED)
    return [*_cards(work, line, in_line, now), *_cards(work, line, awaiting, now)]


@unit_of_work("queue.cancel")
def _cancel(work: Work, by: By, request_id: int, reason: str, now: datetime) -> Request:
    request = work.requests.find(request_id)
    if request is None or request.guild_id != by.guild_id:
        raise RequestNotFoundError
    is_new = decide(
        work,
        by,
        Action.CANCEL,
        subject_id=request.user_id,
        before={"request": request.id, "state": request.state},
        after={"request": request.id, "state": State.CANCELLED},
        reason=reason,
        now=now,
    )
    if not is_new:
        return request
    move = CANCEL_FROM.get(request.state)
    if move is None:
        raise TooLateError(request.state)
    return make_move(work, request, move, now=now, failure=Failure(FailureKind.MODERATOR, reason))


@unit_of_work("queue.pause")
def _pause(work: Work, by: By, reason: str, now: datetime) -> int:
    work.requests.lock_line()  # what is taken was taken before the pause, and nothing is after it
    settings = work.guilds.lock(by.guild_id)
    before: Facts = {"paused": settings.paused}
    if decide(work, by, Action.PAUSE, before=before, after={"paused": reason}, reason=reason, now=now):
        work.guilds.settle(by.guild_id, replace(settings, paused=reason))
        work.notices.touch_line(by.guild_id, due_at=now + timedelta(seconds=LINE_S))
    return _waiting(work, by)


@unit_of_work("queue.resume")
def _resume(work: Work, by: By, now: datetime) -> int:
    settings = work.guilds.lock(by.guild_id)
    before: Facts = {"paused": settings.paused}
    if decide(work, by, Action.RESUME, before=before, after={"paused": None}, now=now):
        if settings.paused is None:
            raise NotPausedError
        work.guilds.settle(by.guild_id, replace(settings, paused=None))
        # this rings for the submitter, too: the requests go on at once
        work.notices.touch_line(by.guild_id, due_at=now + timedelta(seconds=LINE_S))
    return _waiting(work, by)


def _waiting(work: Work, by: By) -> int:
    return work.requests.per_guild(State.WAITING).get(by.guild_id, 0)
