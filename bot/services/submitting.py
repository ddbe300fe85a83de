"""Taking waiting requests to the provider: the one call that is paid."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.domain.errors import (
    AccountError,
    NotAcceptedError,
    OutcomeUnknownError,
    ProviderError,
    RefusalError,
    RejectedError,
    StaleError,
    StoreError,
)
from bot.domain.failures import of_refusal
from bot.domain.polling import Pace
from bot.domain.requests import AT_PROVIDER, Failure, FailureKind, Move, Request, State
from bot.domain.turns import Place, in_turn
from bot.services.attaching import accept, attach, keep
from bot.services.facts import facts_of
from bot.services.gate import Gate, Trouble
from bot.services.lease import Lease, lease_until
from bot.services.line import LINE_S, rung
from bot.services.moves import existing, make_move
from bot.services.outbox import NoticeKind
from bot.services.ports import Clock, Meter, SongProvider, Unmetered
from bot.services.status import held_back, standing
from bot.services.timings import WorkTimings
from bot.services.work import Store, Work, unit_of_work

log = logging.getLogger(__name__)

LOST_COUNTS = 4
"""A lost reply counts as the fourth refusal at least: two minutes, for as long as the task may run. The next
one only doubles that, since replies are lost to an outage more often than to a member."""
SERVER_ERROR = 500
"""From this code on it may be the provider that fails, unless its words blame the request."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one submission, and what it says about the next."""

    move: Move
    task_id: str | None = None
    failure: Failure | None = None
    trouble: Trouble | None = None
    """What is surely the provider's own, whoever asks."""
    is_suspect: bool = False
    """True when it may be the provider's or the request's own: nobody can tell from this one submission."""
    retry_after_s: float | None = None
    cause: str = ""
    """What happened, for the log."""
    at_edge: bool = False
    """True when somebody in front of the provider answered."""

    @property
    def may_be_turned_away(self) -> bool:
        """True when somebody in front of the provider minds this request, or all of them."""
        return self.at_edge and self.is_suspect

    @property
    def is_operators(self) -> bool:
        """True when the operator has to see to it."""
        return self.at_edge or self.trouble is Trouble.ACCOUNT


@dataclass(frozen=True, slots=True)
class Limits:
    """What an outcome is weighed by, besides what the database knows."""

    places: int
    """How many tasks the operator lets run at once."""
    pace: Pace
    timings: WorkTimings


class Submitter:
    """The desk that submits."""

    name = "submitter"

    def __init__(
        self,
        store: Store,
        provider: SongProvider,
        *,
        owner: str,
        places: int,
        pace: Pace,
        clock: Clock,
        meter: Meter | None = None,
        timings: WorkTimings = WorkTimings(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._provider = provider
        self._owner = owner
        self._places = places
        self._pace = pace
        self._clock = clock
        self._meter = meter or Unmetered()
        self._timings = timings

    async def claim(self, limit: int) -> Sequence[Request]:
        """The requests whose turn it is, now `submitting`: the intent is durable before the call."""
        now = self._clock()
        lease = Lease(self._owner, lease_until(now, self._timings.leases.submission_s))
        return await self._store.write(_take, self._places, limit, lease, now)

    async def next_due_at(self) -> datetime | None:
        """When a waiting request may go to the provider, as far as is known."""
        return await self._store.read(_opens_at, self._places, self._clock())

    async def handle(self, request: Request) -> None:
        """Submit the request once and write down the outcome."""
        log.info("submitting", extra=facts_of(request))
        try:
            outcome = Outcome(Move.ACCEPT, task_id=await self._provider.submit(request.spec))
        except ProviderError as error:
            outcome = outcome_of(error)
        self._meter.submitted(outcome.move)
        _tell(request, outcome)
        what = f"task {outcome.task_id}" if outcome.task_id else f"a submission ({outcome.move})"
        await self._kept(request, what, partial(self._write_down, request, outcome, self._clock()))

    async def _write_down(self, request: Request, outcome: Outcome, now: datetime) -> None:
        """Write down what became of the request, which may have been moved meanwhile."""
        try:
            limits = Limits(self._places, self._pace, self._timings)
            is_news = await self._store.write(_conclude, request, outcome, limits, now)
        except StaleError:
            if outcome.task_id is None:
                log.warning("another worker had already ended this submission", extra=facts_of(request))
            else:
                await self._attach(request, outcome)
        else:
            if is_news:
                _tell_operator(request, outcome)

    async def _attach(self, request: Request, outcome: Outcome) -> None:
        """Find the request of an accepted task that another worker moved while the database was away."""
        now, task_id = self._clock(), outcome.task_id or ""
        try:
            found = await self._store.write(attach, request.id, task_id, self._pace, now)
        except RefusalError as error:
            await self._store.write(keep, request.id, task_id, now)
            log.error(
                "OPERATOR: task %s was taken, but its request was given up and refunded, and can't go on"
                " (%s); the provider may have charged",
                task_id,
                type(error).__name__,
                extra=facts_of(request),
            )
        else:
            log.warning("task %s was kept late", task_id, extra=facts_of(found or request))

    async def _kept(self, request: Request, what: str, write: Callable[[], Awaitable[None]]) -> None:
        """Write down what became of a request in hand, however long the database takes to come back.

        Else it would look as if it had been sent and lost.
        """
        pause_s = self._timings.retries.outcome_s
        while True:
            try:
                await write()
            except StoreError as error:
                log.error("the outcome of %s is not kept yet: %s", what, error, extra=facts_of(request))
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, self._timings.retries.outcome_max_s)
            else:
                return


def outcome_of(error: ProviderError) -> Outcome:
    """What an error of the paid call means for its request and for the next one."""
    match error:
        case NotAcceptedError():
            trouble = Trouble.BUSY if error.busy else Trouble.OUTAGE
            return Outcome(
                Move.PUT_BACK,
                trouble=None if error.may_be_request else trouble,
                is_suspect=error.may_be_request,
                retry_after_s=error.retry_after_s,
                cause=error.cause,
                at_edge=error.at_edge,
            )
        case AccountError():
            return Outcome(Move.REFUSE, failure=of_refusal(error), trouble=Trouble.ACCOUNT)
        case RejectedError():
            failure = of_refusal(error)
            blames_nobody = error.code >= SERVER_ERROR and failure.kind is FailureKind.PROVIDER
            return Outcome(Move.REFUSE, failure=failure, is_suspect=blames_nobody)
        case OutcomeUnknownError():
            return Outcome(Move.DOUBT, failure=Failure(FailureKind.UNCERTAIN, error.cause), is_suspect=True)
        case _:
            raise error


def gate_of(work: Work, places: int) -> Gate:
    """What is known of the provider's readiness."""
    return work.gates.get() or Gate(places)


@unit_of_work("submitter.claim")
def _take(work: Work, places: int, limit: int, lease: Lease, now: datetime) -> list[Request]:
    work.requests.lock_line()
    gate = gate_of(work, places)
    room = min(limit, _room(work, gate, places, now))
    if not room:
        return []
    waiting = work.requests.waiting()
    in_line = standing(waiting, work.guilds.paused(), held_back(waiting, now))
    order = in_turn(in_line, work.requests.running())
    going = [place for place in order if place.may_go(now)][:room]
    taken = [
        make_move(work, existing(work, place.request_id), Move.TAKE, now=now, lease=lease, next_at=now)
        for place in going
    ]
    _tell_neighbours(work, [place for place in order if place not in going], len(taken), now)
    return taken


def _tell_neighbours(work: Work, left: Sequence[Place], taken: int, now: datetime) -> None:
    """Those whose place is worth telling after so many before them were taken: a few, however long the line.

    Only after a look at the line from before is no longer taken as known.
    """
    due_at = now + timedelta(seconds=LINE_S)
    near = (place for n, place in enumerate(left, 1) if rung(n) != rung(n + taken))
    for request_id in sorted(place.request_id for place in near):  # in one order everywhere: no deadlock
        work.notices.touch(request_id, NoticeKind.STATUS, due_at=due_at)


def _room(work: Work, gate: Gate, places: int, now: datetime) -> int:
    """How many requests may go to the provider now."""
    running = work.requests.count(*AT_PROVIDER)
    submitting = work.requests.count(State.SUBMITTING)
    return gate.room(running, submitting=submitting, places=places, now=now)


def _opens_at(work: Work, places: int, now: datetime) -> datetime | None:
    """When a waiting request may go to the provider; None while none waits or all places are taken."""
    paused = work.guilds.paused()
    if not work.requests.per_guild(State.WAITING).keys() - paused.keys():
        return None
    gate = gate_of(work, places)
    if gate.halted:
        return None
    if gate.is_shut(now):
        return gate.shut_until
    if not _room(work, gate, places, now):
        return None
    return _let_go_at(work, paused, now)


def _let_go_at(work: Work, paused: Collection[int], now: datetime) -> datetime | None:
    """When the first of those that wait may go; whoever has room has a short line."""
    waiting = standing(work.requests.waiting(), paused, ())
    held = held_back(waiting, now)
    return min((_goes_at(place, held.get(place.request_id, now)) for place in waiting), default=None)


def _goes_at(place: Place, at: datetime) -> datetime:
    """When a request may go that is held back until then."""
    return at if place.unconfirmed_until is None else max(at, place.unconfirmed_until)


@unit_of_work("submitter.record_result")
def _conclude(work: Work, request: Request, outcome: Outcome, limits: Limits, now: datetime) -> bool:
    """Write down what became of a submission; gives whether it is news for the operator."""
    work.requests.lock_line()  # the gate is read and written: no other process may do so meanwhile
    before = gate_of(work, limits.places)
    gate = _learned(work, request, outcome, before, limits, now)
    account_again = outcome.trouble is before.trouble is Trouble.ACCOUNT
    if outcome.task_id is not None:
        accept(work, request, outcome.task_id, limits.pace, now)
    elif outcome.may_be_turned_away and gate.minds(request.id):
        failure = Failure(FailureKind.TURNED_AWAY, outcome.cause)
        make_move(work, request, Move.REFUSE, now=now, failure=failure)
    elif account_again or outcome.failure is None:  # the first to meet a refused account ends, the rest wait
        make_move(work, request, Move.PUT_BACK, now=now)
    else:
        make_move(work, request, outcome.move, now=now, failure=outcome.failure)
    _slow_down(work, request, outcome, before, limits, now)
    if gate != before:
        work.gates.put(gate)
    if outcome.may_be_turned_away and before.has_turned_away(request.id, now):
        return False
    # whoever probes an outage that is known meets the same again
    return outcome.is_operators and before.trouble is not (outcome.trouble or Trouble.OUTAGE)


def _slow_down(
    work: Work, request: Request, outcome: Outcome, gate: Gate, limits: Limits, now: datetime
) -> None:
    """Hold the member's next requests back if this one came to nothing by itself, as far as one can tell."""
    if outcome.task_id is not None or outcome.trouble is not None:
        return
    if outcome.is_suspect and gate.is_shared(request.user_id, now):
        return
    if outcome.move is Move.PUT_BACK:  # the other ends are a turn by themselves
        work.members.had_turn(request.guild_id, request.user_id, now=now)
    standing = work.members.meet(request.guild_id, request.user_id)
    at_least = LOST_COUNTS if outcome.move is Move.DOUBT else 1
    standing = standing.failed(now, at_least=at_least, first_s=limits.timings.retries.member_s)
    work.members.settle(request.guild_id, request.user_id, standing)


def _learned(
    work: Work, request: Request, outcome: Outcome, before: Gate, limits: Limits, now: datetime
) -> Gate:
    """What the provider's readiness is after this; the refusal of one request says nothing about it."""
    if outcome.task_id is not None:
        return before.answered(
            places=limits.places, now=now, request_id=request.id, timings=limits.timings.breaker
        )
    if outcome.trouble is not None:
        others = work.requests.count(State.MAKING) if outcome.trouble is Trouble.BUSY else None
        return before.met(
            outcome.trouble,
            now=now,
            retry_after_s=outcome.retry_after_s,
            running=others,
            timings=limits.timings.breaker,
        )
    if outcome.is_suspect and outcome.at_edge:
        return before.turn_away(
            user_id=request.user_id, request_id=request.id, now=now, timings=limits.timings.breaker
        )
    if outcome.is_suspect:
        return before.suspected(
            user_id=request.user_id, request_id=request.id, now=now, timings=limits.timings.breaker
        )
    return before


def _tell(request: Request, outcome: Outcome) -> None:
    """One line in the log for what became of a submission."""
    facts = facts_of(request, outcome.move)
    detail = outcome.failure.detail if outcome.failure else outcome.cause
    match outcome.move:
        case Move.ACCEPT:
            log.info("submitted as task %s", outcome.task_id, extra=facts)
        case Move.DOUBT:
            log.error(
                "OPERATOR: the outcome of a submission is unknown; it is not repeated, and the provider may"
                " have charged: %s",
                detail,
                extra=facts,
            )
        case _:
            log.warning("submission not taken (%s): %s", outcome.move, detail, extra=facts)


def _tell_operator(request: Request, outcome: Outcome) -> None:
    facts = facts_of(request, outcome.move)
    if outcome.at_edge:
        log.error(
            "OPERATOR: somebody in front of the provider turns submissions away (%s); they are kept and tried"
            " again. Check CQTAI_BASE_URL, and ask the provider whether this server's address is blocked.",
            outcome.cause,
            extra=facts,
        )
    else:
        log.error(
            "OPERATOR: the provider refuses the account (%s); submissions stop, and resume by themselves when"
            " it works again. 401: check CQTAI_API_KEY; 402: add credits at the provider.",
            outcome.failure.detail if outcome.failure else outcome.cause,
            extra=facts,
        )
