"""The submission of waiting requests to the provider: the one call that is paid."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from bot.domain.caps import NO_CAPS, CapConfig
from bot.domain.circuit_breaker import ACCOUNT_OUTAGES, CircuitBreaker, ProviderOutage
from bot.domain.errors import (
    ConflictError,
    ProviderError,
    RefusalError,
    StoreError,
)
from bot.domain.leases import Lease, lease_until
from bot.domain.polling import PollLimits
from bot.domain.requests import AT_PROVIDER, Failure, FailureKind, Request, State
from bot.domain.scheduling import SNAPSHOT_TTL_S, QueueEntry, fair_order, position_bucket
from bot.domain.served_guilds import EVERYWHERE, ServedGuilds
from bot.domain.transitions import Transition
from bot.services.credits.caps import with_open_caps
from bot.services.metrics import Metrics, NullMetrics
from bot.services.ports import Clock, SongProvider, WorkQueue
from bot.services.provider.acceptance import accept, attach, keep
from bot.services.provider.submission_result import (
    SubmissionResult,
    log_for_operator,
    log_result,
    result_of_error,
)
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.queue_snapshot import backoffs, queued_requests, running_in
from bot.services.requests.transitions import apply_transition, get_request, log_context
from bot.services.runtime.timings import WorkTimings
from bot.services.served_guilds import load_served
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)

LOST_REPLY_FAILURES = 4
"""A lost reply counts as a member's fourth failure at least: two minutes of backoff, for as long as the task
may run. A second one only doubles that, because outages lose more replies than requests do."""
MAX_CANCELLED = 10
"""How many requests of servers that are not served are cancelled in one unit of work."""


@dataclass(frozen=True, slots=True)
class ProviderLimits:
    """The operator's limits for the provider, and the times of the work on its tasks."""

    slots: int
    """How many tasks run at once."""
    polling: PollLimits = field(default_factory=PollLimits)
    timings: WorkTimings = field(default_factory=WorkTimings)
    served: ServedGuilds = EVERYWHERE
    """The servers whose requests are submitted."""
    caps: CapConfig = NO_CAPS
    """What servers may spend."""


class Submitter:
    """The job handler that submits requests."""

    name = "submitter"
    queue = WorkQueue.SUBMISSIONS

    def __init__(
        self,
        store: Store,
        provider: SongProvider,
        *,
        owner: str,
        limits: ProviderLimits,
        clock: Clock,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._provider = provider
        self._owner = owner
        self._limits = limits
        self._clock = clock
        self._metrics = metrics or NullMetrics()

    async def claim(self, limit: int) -> Sequence[Request]:
        """Claim the requests at the head of the queue; `submitting` is stored before the paid call."""
        now = self._clock()
        lease = Lease(self._owner, lease_until(now, self._limits.timings.leases.submission_s))
        return await self._store.write(_claim, self._limits, limit, lease, now)

    async def next_due_at(self) -> datetime | None:
        """Return when a waiting request may be submitted, as far as is known."""
        return await self._store.read(_next_submission_at, self._limits.slots, self._clock())

    async def handle(self, request: Request) -> None:
        """Submit the request once and record the outcome."""
        log.info("submitting", extra=log_context(request))
        try:
            outcome = SubmissionResult(Transition.ACCEPT, task_id=await self._provider.submit(request.spec))
        except ProviderError as error:
            outcome = result_of_error(error)
        self._metrics.submitted(outcome.transition)
        log_result(request, outcome)
        what = f"task {outcome.task_id}" if outcome.task_id else f"a submission ({outcome.transition})"
        await self._persist(request, what, partial(self._record, request, outcome, self._clock()))

    async def _record(self, request: Request, outcome: SubmissionResult, now: datetime) -> None:
        """Record the result of a submission, whose request may have been changed meanwhile."""
        try:
            is_news = await self._store.write(_conclude, request, outcome, self._limits, now)
        except ConflictError:
            if outcome.task_id is None:
                log.warning("another worker had already ended this submission", extra=log_context(request))
            else:
                await self._attach(request, outcome)
        else:
            if is_news:
                log_for_operator(request, outcome)

    async def _attach(self, request: Request, outcome: SubmissionResult) -> None:
        """Attach an accepted task whose request another worker ended while the database was away."""
        now, task_id, caps = self._clock(), outcome.task_id or "", self._limits.caps

        def write() -> Awaitable[Request | None]:
            return self._store.write(attach, request.id, task_id, self._limits.polling, caps, now)

        try:
            found = await with_open_caps(self._store, request.guild_id, caps, write)
        except RefusalError as error:
            await self._store.write(keep, request.id, task_id, now)
            log.error(
                "OPERATOR: task %s was accepted, but its request was given up and refunded, and can't go on"
                " (%s); the provider may have charged",
                task_id,
                type(error).__name__,
                extra=log_context(request),
            )
        else:
            log.warning("task %s was recorded late", task_id, extra=log_context(found or request))

    async def _persist(self, request: Request, what: str, write: Callable[[], Awaitable[None]]) -> None:
        """Run the write until it succeeds, however long the database is away.

        If the result were dropped, the request would look as if its submission had been cut off.
        """
        failures = 0
        while True:
            try:
                await write()
            except StoreError as error:
                failures += 1
                log.error("the outcome of %s is not stored yet: %s", what, error, extra=log_context(request))
                await asyncio.sleep(self._limits.timings.retries.outcome.delay_s(failures))
            else:
                return


def load_breaker(uow: UnitOfWork, slots: int) -> CircuitBreaker:
    """Return the stored circuit breaker; a new one if none is stored yet."""
    return uow.breakers.get() or CircuitBreaker(slots)


@unit_of_work("submitter.claim")
def _claim(uow: UnitOfWork, limits: ProviderLimits, limit: int, lease: Lease, now: datetime) -> list[Request]:
    uow.requests.lock_queue()
    for guild_id in uow.guilds.end_pauses(now):
        uow.outbox.mark_queue_due(guild_id, due_at=now + timedelta(seconds=SNAPSHOT_TTL_S))
    slots = limits.slots
    breaker = load_breaker(uow, slots)
    room = min(limit, _free_slots(uow, breaker, slots, now))
    if not room:
        return []
    waiting = _without_unserved(uow, uow.requests.waiting(), load_served(uow, limits.served), now)
    queued = queued_requests(waiting, uow.guilds.paused(now), backoffs(waiting, now))
    running = uow.requests.running()
    order = fair_order(queued, running, running_in(uow, queued, running))
    chosen = [entry for entry in order if entry.may_go(now)][:room]
    claimed = [
        apply_transition(
            uow, get_request(uow, entry.request_id), Transition.CLAIM, now=now, lease=lease, next_at=now
        )
        for entry in chosen
    ]
    _notify_neighbours(uow, [entry for entry in order if entry not in chosen], len(claimed), now)
    return claimed


def _without_unserved(
    uow: UnitOfWork, waiting: Sequence[QueueEntry], served: ServedGuilds, now: datetime
) -> list[QueueEntry]:
    """Cancel the requests of servers that are no longer served; return the others."""
    failure = Failure(FailureKind.NOT_SERVED, "the server is not served any more")
    unserved = [entry for entry in waiting if not served.includes(entry.guild_id)]
    for entry in unserved[:MAX_CANCELLED]:
        request = get_request(uow, entry.request_id)
        apply_transition(uow, request, Transition.CANCEL, now=now, failure=failure)
    return [entry for entry in waiting if served.includes(entry.guild_id)]


def _notify_neighbours(uow: UnitOfWork, left: Sequence[QueueEntry], claimed: int, now: datetime) -> None:
    """Mark the status messages due of those whose position bucket changed after `claimed` before them left.

    These are a few, however long the queue. They are due once no older snapshot of it is reused.
    """
    due_at = now + timedelta(seconds=SNAPSHOT_TTL_S)
    near = (entry for n, entry in enumerate(left, 1) if position_bucket(n) != position_bucket(n + claimed))
    for request_id in sorted(entry.request_id for entry in near):  # the same order everywhere: no deadlock
        uow.outbox.mark_due(request_id, MessageKind.STATUS, due_at=due_at)


def _free_slots(uow: UnitOfWork, breaker: CircuitBreaker, slots: int, now: datetime) -> int:
    """Return how many requests may be submitted now."""
    running = uow.requests.count(*AT_PROVIDER)
    submitting = uow.requests.count(State.SUBMITTING)
    return breaker.free_slots(running, submitting=submitting, slots=slots, now=now)


@reads(Share.WORKERS)
def _next_submission_at(uow: UnitOfWork, slots: int, now: datetime) -> datetime | None:
    """Return when a waiting request may be submitted; None if none waits or all slots are taken."""
    paused = uow.guilds.paused(now)
    if not uow.requests.per_guild(State.WAITING).keys() - paused.keys():
        return None
    breaker = load_breaker(uow, slots)
    if breaker.paused_by_operator:
        return None
    if breaker.is_open(now):
        return breaker.open_until
    if not _free_slots(uow, breaker, slots, now):
        return None
    return _first_allowed_at(uow, paused, now)


def _first_allowed_at(uow: UnitOfWork, paused: Collection[int], now: datetime) -> datetime | None:
    """Return when the first waiting request may be submitted; while slots are free, the queue is short."""
    waiting = queued_requests(uow.requests.waiting(), paused, ())
    held = backoffs(waiting, now)
    return min((_allowed_at(entry, held.get(entry.request_id, now)) for entry in waiting), default=None)


def _allowed_at(entry: QueueEntry, at: datetime) -> datetime:
    """Return when a request may be submitted that is held back until `at`."""
    return at if entry.unconfirmed_until is None else max(at, entry.unconfirmed_until)


@unit_of_work("submitter.record_result")
def _conclude(
    uow: UnitOfWork, request: Request, outcome: SubmissionResult, limits: ProviderLimits, now: datetime
) -> bool:
    """Record the result of a submission; return whether it is news for the operator."""
    uow.requests.lock_queue()  # the breaker is read, then written: no other process may do so meanwhile
    before = load_breaker(uow, limits.slots)
    breaker = _next_breaker(uow, request, outcome, before, limits, now)
    account_again = {outcome.outage, before.outage} <= ACCOUNT_OUTAGES
    if outcome.task_id is not None:
        accept(uow, request, outcome.task_id, limits.polling, now)
    elif outcome.may_be_turned_away and breaker.rejects_request(request.id):
        failure = Failure(FailureKind.TURNED_AWAY, outcome.cause)
        apply_transition(uow, request, Transition.REFUSE, now=now, failure=failure)
    elif account_again or outcome.failure is None:
        # only the first request to meet a refused account fails; the others wait
        apply_transition(uow, request, Transition.REQUEUE, now=now)
    else:
        apply_transition(uow, request, outcome.transition, now=now, failure=outcome.failure)
    _back_off_member(uow, request, outcome, before, limits, now)
    if breaker != before:
        uow.breakers.put(breaker)
    if outcome.may_be_turned_away and before.has_turned_away(request.id, now):
        return False
    # a probe of a known outage is no news
    return outcome.needs_operator and before.outage is not (outcome.outage or ProviderOutage.OUTAGE)


def _back_off_member(
    uow: UnitOfWork,
    request: Request,
    outcome: SubmissionResult,
    breaker: CircuitBreaker,
    limits: ProviderLimits,
    now: datetime,
) -> None:
    """Hold the member's next requests back if this one failed, as far as one can tell, by its own fault."""
    if outcome.task_id is not None or outcome.outage is not None:
        return
    if outcome.is_suspect and breaker.is_shared(request.user_id, now):
        return
    # However a submission ends, it was the member's turn; the pause is kept for this server only.
    if outcome.transition is Transition.REQUEUE:  # the other transitions count as a turn by themselves
        uow.members.record_turn(request.guild_id, request.user_id, now=now)
    member = uow.members.get_for_update(request.guild_id, request.user_id)
    at_least = LOST_REPLY_FAILURES if outcome.transition is Transition.MARK_UNCERTAIN else 1
    member = member.with_failure(now, at_least=at_least, policy=limits.timings.retries.member)
    uow.members.update(request.guild_id, request.user_id, member)


def _next_breaker(
    uow: UnitOfWork,
    request: Request,
    outcome: SubmissionResult,
    breaker: CircuitBreaker,
    limits: ProviderLimits,
    now: datetime,
) -> CircuitBreaker:
    """Return the circuit breaker after this result; a refusal that concerns one request changes nothing."""
    if outcome.task_id is not None:
        return breaker.record_success(
            slots=limits.slots, now=now, request_id=request.id, timings=limits.timings.breaker
        )
    if outcome.outage is not None:
        others = uow.requests.count(State.MAKING) if outcome.outage is ProviderOutage.BUSY else None
        return breaker.record_failure(
            outcome.outage,
            now=now,
            retry_after_s=outcome.retry_after_s,
            running=others,
            timings=limits.timings.breaker,
        )
    if outcome.is_suspect and outcome.at_edge:
        return breaker.turn_away(
            user_id=request.user_id, request_id=request.id, now=now, timings=limits.timings.breaker
        )
    if outcome.is_suspect:
        return breaker.record_suspect_failure(
            user_id=request.user_id, request_id=request.id, now=now, timings=limits.timings.breaker
        )
    return breaker
