"""The polling of the provider's tasks: when each is polled, and what the answer means for its request."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from bot.domain.circuit_breaker import ACCOUNT_OUTAGES, ProviderOutage
from bot.domain.errors import AccountError, ConflictError, NoAnswerError, RejectedError, UnknownTaskError
from bot.domain.failures import account_outage, classify_failed_task, classify_refusal
from bot.domain.leases import Lease, lease_until
from bot.domain.polling import DurationStats, PollLimits, TokenBucket, interval_s, with_jitter
from bot.domain.provider_tasks import (
    UNANSWERED_MAX_S,
    Failed,
    Finished,
    NotFound,
    StillRunning,
    TaskOutcome,
    TaskProgress,
    TaskReport,
    TimedOut,
    evaluate,
    evaluate_no_answer,
    evaluate_unknown,
    was_polled,
)
from bot.domain.requests import AT_PROVIDER, Failure, FailureKind, Request, State
from bot.domain.transitions import Transition
from bot.services.metrics import Metrics, NullMetrics, PollOutcome
from bot.services.ports import Clock, Random, SongProvider, WorkQueue
from bot.services.provider.submitter import ProviderLimits, load_breaker
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.transitions import apply_transition, expire_approval, log_context
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)

LOAD_TTL_S = 5.0
"""Seconds for which the number of requests in flight is reused."""


class Poller:
    """The job handler that polls tasks."""

    name = "poller"
    queue = WorkQueue.POLLS

    def __init__(
        self,
        store: Store,
        provider: SongProvider,
        *,
        owner: str,
        limits: ProviderLimits,
        give_up_s: float,
        clock: Clock,
        random: Random,
        metrics: Metrics | None = None,
    ) -> None:
        self._limits = limits
        self._store = store
        self._provider = provider
        self._owner = owner
        self._give_up_s = give_up_s
        self._gap_max_s = 2 * limits.polling.max_s
        self._clock = clock
        self._random = random
        self._metrics = metrics or NullMetrics()
        self._bucket = TokenBucket(limits.polling.per_s, clock())
        self._in_flight = 1
        self._counted_at: datetime | None = None

    async def claim(self, limit: int) -> Sequence[Request]:
        """Claim the requests whose poll is due, as many as the rate limit allows."""
        now = self._clock()
        await self._refresh_load(now)
        affordable = self._bucket.available(now)
        if affordable < 1:
            return ()
        lease = Lease(self._owner, lease_until(now, self._limits.timings.leases.poll_s))
        claimed = await self._store.write(_claim, now, lease, min(limit, affordable))
        self._bucket.spend(len(claimed))
        return claimed

    async def next_due_at(self) -> datetime | None:
        """Return when the next poll is due."""
        return await self._store.read(_next_due_at)

    async def handle(self, request: Request) -> None:
        """Poll one request's task and record what the answer means.

        An approval that was not given in time expires, and a submission that was cut off becomes uncertain.
        """
        try:
            if request.state is State.AWAITING:
                await self._store.write(expire_approval, request, self._clock())
                log.info("not approved in time", extra=log_context(request, Transition.EXPIRE_APPROVAL))
            elif request.task_id is None or request.progress is None:
                await self._mark_uncertain(request)
            else:
                await self._poll(request, request.task_id, request.progress)
        except ConflictError:
            log.warning("another worker changed the request first", extra=log_context(request))

    async def _mark_uncertain(self, request: Request) -> None:
        """Mark a submission uncertain whose worker is gone: the provider may have accepted it or not."""
        log.error(
            "OPERATOR: a submission was cut off; it is not repeated, and the provider may have charged",
            extra=log_context(request, Transition.MARK_UNCERTAIN),
        )
        failure = Failure(FailureKind.UNCERTAIN, "the worker stopped during the submission")
        await self._store.write(
            _end, request, Transition.MARK_UNCERTAIN, failure, self._limits, self._clock()
        )

    async def _poll(self, request: Request, task_id: str, progress: TaskProgress) -> None:
        retry_after_s = 0.0
        task_outcome: TaskOutcome | Failure
        try:
            report = await self._provider.query(task_id)
        except UnknownTaskError:
            outcome = PollOutcome.UNKNOWN_TASK
            new_s = self._limits.timings.new_task_s
            task_outcome = evaluate_unknown(
                progress, now=self._clock(), unknown_max_s=new_s, gap_max_s=self._gap_max_s
            )
        except NoAnswerError as error:
            outcome = PollOutcome.NO_ANSWER
            log.info("no answer about the task: %s", error.cause, extra=log_context(request))
            retry_after_s = error.retry_after_s or 0.0
            task_outcome = self._evaluate_no_answer(progress)
        except AccountError as error:
            outcome = PollOutcome.ACCOUNT
            await self._report_refused_account(request, error)
            retry_after_s = self._limits.polling.max_s
            task_outcome = self._evaluate_no_answer(progress)
        except RejectedError as error:
            outcome = PollOutcome.REFUSED
            task_outcome = classify_refusal(error)
        else:
            outcome = PollOutcome.ANSWERED
            task_outcome = self._evaluate(report, progress)
        self._metrics.polled(request, outcome)
        await self._conclude(request, task_outcome, retry_after_s)

    async def _report_refused_account(self, request: Request, error: AccountError) -> None:
        """Open the circuit breaker after the account was refused, and log that for the operator once."""
        is_news = await self._store.write(
            _open_breaker, account_outage(classify_refusal(error)), self._limits, self._clock()
        )
        if is_news:
            log.error(
                "OPERATOR: the provider refuses the key (code %s) when asked about a task; submissions stop",
                error.code,
                extra=log_context(request),
            )
        else:
            log.info("the key is still refused (code %s)", error.code, extra=log_context(request))

    def _evaluate(self, report: TaskReport, progress: TaskProgress) -> TaskOutcome:
        return evaluate(
            report,
            progress,
            now=self._clock(),
            give_up_s=self._give_up_s,
            gap_max_s=self._gap_max_s,
            grace_s=self._limits.timings.streaming_grace_s,
        )

    def _evaluate_no_answer(self, progress: TaskProgress) -> TaskOutcome:
        return evaluate_no_answer(progress, now=self._clock(), gap_max_s=self._gap_max_s)

    async def _conclude(self, request: Request, outcome: TaskOutcome | Failure, retry_after_s: float) -> None:
        now = self._clock()
        match outcome:
            case StillRunning(progress):
                schedule = PollSchedule(self._limits.polling, self._in_flight, self._random(), retry_after_s)
                await self._store.write(_reschedule, request, progress, schedule, now)
            case Finished():
                is_measured = request.progress is not None and was_polled(
                    request.progress, now, self._gap_max_s
                )
                song_s = _age_s(request, now) if is_measured else None
                await self._store.write(_finish, request, outcome, now, song_s)
                log.info(
                    "finished with %d clips",
                    len(outcome.clips),
                    extra=log_context(request, Transition.FINISH),
                )
                self._metrics.finished(request, song_s=_age_s(request, now))
            case TimedOut():
                failure = self._report_timeout(request, outcome)
                await self._store.write(_end, request, Transition.EXPIRE, failure, self._limits, now)
            case Failed() | NotFound() | Failure():
                failure = _failure(outcome)
                is_news = await self._store.write(_end, request, Transition.FAIL, failure, self._limits, now)
                _log_failure(request, failure, is_news=is_news)
            case _:
                assert_never(outcome)

    def _report_timeout(self, request: Request, outcome: TimedOut) -> Failure:
        """Log for the operator which task timed out; return the request's failure."""
        facts = log_context(request, Transition.EXPIRE)
        if outcome.is_unanswered:
            log.error(
                "OPERATOR: no answer for %g s; task %s may still finish and be charged",
                UNANSWERED_MAX_S,
                request.task_id,
                extra=facts,
            )
            return Failure(FailureKind.UNANSWERED, f"no answer for {UNANSWERED_MAX_S:g} s")
        log.error(
            "OPERATOR: no progress for %g s; task %s may still finish and be charged",
            self._give_up_s,
            request.task_id,
            extra=facts,
        )
        return Failure(FailureKind.SILENT, f"no progress for {self._give_up_s:g} s")

    async def _refresh_load(self, now: datetime) -> None:
        """Refresh how many requests and how many processes share the rate limit."""
        if self._counted_at is None or abs(now - self._counted_at) >= timedelta(seconds=LOAD_TTL_S):
            self._counted_at = now
            in_flight, workers = await self._store.read(_poll_load, now)
            self._in_flight = max(1, in_flight)
            self._bucket.set_rate(self._limits.polling.per_s / workers)


@dataclass(frozen=True, slots=True)
class PollSchedule:
    """What the time of the next poll depends on, besides the task itself."""

    limits: PollLimits
    in_flight: int
    random: float
    """Uniform in 0..1, for the jitter."""
    at_least_s: float
    """Seconds that the provider asked to wait; 0 if it did not."""

    def delay_s(
        self, request: Request, progress: TaskProgress, durations: DurationStats, now: datetime
    ) -> float:
        """Return the seconds until the next poll."""
        first_clip_at = progress.first_clip_at
        interval = interval_s(
            _age_s(request, now),
            first_clip_age_s=_age_s(request, first_clip_at) if first_clip_at else None,
            durations=durations,
            in_flight=self.in_flight,
            limits=self.limits,
        )
        return max(with_jitter(interval, random=self.random), self.at_least_s)


def _log_failure(request: Request, failure: Failure, *, is_news: bool) -> None:
    facts = log_context(request, Transition.FAIL)
    log.warning("the provider made no song: %s", failure.detail, extra=facts)
    if is_news:
        log.error(
            "OPERATOR: a task failed because of the account: %s; submissions stop, and resume by themselves",
            failure.detail,
            extra=facts,
        )


def _failure(outcome: Failed | NotFound | Failure) -> Failure:
    """Return why there will be no song."""
    match outcome:
        case Failed(reason):
            return classify_failed_task(reason)
        case NotFound():
            return Failure(FailureKind.LOST_TASK, "the provider does not know the task")
        case _:
            return outcome


@reads(Share.WORKERS)
def _next_due_at(uow: UnitOfWork) -> datetime | None:
    return uow.requests.next_due_at()


@reads(Share.WORKERS)
def _poll_load(uow: UnitOfWork, now: datetime) -> tuple[int, int]:
    """Return how many requests are at the provider, and how many processes poll them."""
    return uow.requests.count(*AT_PROVIDER), uow.processes.workers(now)


@unit_of_work("poller.claim")
def _claim(uow: UnitOfWork, now: datetime, lease: Lease, limit: int) -> list[Request]:
    return uow.requests.claim_due(now=now, lease=lease, limit=limit)


@unit_of_work("poller.reschedule")
def _reschedule(
    uow: UnitOfWork, request: Request, progress: TaskProgress, schedule: PollSchedule, now: datetime
) -> None:
    rest_s = schedule.delay_s(request, progress, uow.durations.get(request.spec.model), now)
    uow.requests.save_progress(request, progress=progress, next_at=now + timedelta(seconds=rest_s))
    known = request.progress.clips if request.progress else ()
    if progress.clips and not known:
        uow.outbox.mark_due(request.id, MessageKind.STATUS, due_at=now)


@unit_of_work("poller.finish")
def _finish(
    uow: UnitOfWork, request: Request, outcome: Finished, now: datetime, song_s: float | None
) -> None:
    """Finish the request; `song_s` is how many seconds the song took, None if unknown."""
    breaker = uow.breakers.get()
    if breaker is not None and breaker.failed_at is not None:
        uow.requests.lock_queue()
        uow.breakers.put(
            (uow.breakers.get() or breaker).record_finished_song(request.accepted_at or now, now=now)
        )
    apply_transition(uow, request, Transition.FINISH, now=now, clips=outcome.clips, partial=outcome.partial)
    if song_s is not None:
        seen = uow.durations.get(request.spec.model).with_song(song_s)
        uow.durations.put(request.spec.model, seen)


def _age_s(request: Request, now: datetime) -> float:
    """Return the seconds since the provider accepted the task."""
    return (now - (request.accepted_at or request.placed_at)).total_seconds()


@unit_of_work("poller.fail")
def _end(
    uow: UnitOfWork,
    request: Request,
    transition: Transition,
    failure: Failure,
    limits: ProviderLimits,
    now: datetime,
) -> bool:
    """End the request without a song; return whether this is the first sign of a refused account."""
    is_news = False
    if failure.kind is FailureKind.OPERATOR:
        uow.requests.lock_queue()  # before the member's rows, as in submitting: no deadlock
        before = load_breaker(uow, limits.slots)
        breaker = limits.timings.breaker
        uow.breakers.put(
            before.record_failed_task(
                request.accepted_at or now, account_outage(failure), now=now, timings=breaker
            )
        )
        is_news = before.outage not in ACCOUNT_OUTAGES
    apply_transition(uow, request, transition, now=now, failure=failure)
    return is_news


@unit_of_work("circuit_breaker.open")
def _open_breaker(uow: UnitOfWork, outage: ProviderOutage, limits: ProviderLimits, now: datetime) -> bool:
    """Open the circuit breaker after the account was refused; return whether it was unknown before."""
    uow.requests.lock_queue()
    before = load_breaker(uow, limits.slots)
    uow.breakers.put(before.record_refused_poll(outage, now=now, timings=limits.timings.breaker))
    return before.outage not in ACCOUNT_OUTAGES
