"""Following the tasks that the provider has: when to ask, and what each answer means for the request."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from bot.domain.errors import AccountError, NoAnswerError, RejectedError, StaleError, UnknownTaskError
from bot.domain.failures import of_broken_task, of_refusal
from bot.domain.polling import Durations, Pace, interval_s, jittered
from bot.domain.requests import AT_PROVIDER, Failure, FailureKind, Move, Request, State
from bot.domain.tasks import (
    UNANSWERED_MAX_S,
    Broken,
    Finished,
    GivenUp,
    KeepAsking,
    Lost,
    TaskReport,
    Verdict,
    Watch,
    judge,
    judge_silence,
    judge_unknown,
    was_watched,
)
from bot.services.approvals import lapse
from bot.services.budget import Budget
from bot.services.facts import facts_of
from bot.services.gate import Trouble
from bot.services.lease import Lease, lease_until
from bot.services.moves import make_move
from bot.services.outbox import NoticeKind
from bot.services.ports import Chance, Clock, Meter, Question, SongProvider, Unmetered
from bot.services.submitting import Limits, gate_of
from bot.services.timings import WorkTimings
from bot.services.work import Store, Work, unit_of_work

log = logging.getLogger(__name__)

COUNT_S = 5.0
"""How long, in seconds, the number of requests in flight is taken as known."""


class Follower:
    """The desk that asks for the tasks' progress."""

    name = "follower"

    def __init__(
        self,
        store: Store,
        provider: SongProvider,
        *,
        owner: str,
        pace: Pace,
        give_up_s: float,
        places: int,
        clock: Clock,
        chance: Chance,
        meter: Meter | None = None,
        timings: WorkTimings = WorkTimings(),  # noqa: B008 - frozen
    ) -> None:
        self._limits = Limits(places, pace, timings)
        self._store = store
        self._provider = provider
        self._owner = owner
        self._pace = pace
        self._give_up_s = give_up_s
        self._gap_max_s = 2 * pace.max_s
        self._clock = clock
        self._chance = chance
        self._meter = meter or Unmetered()
        self._timings = timings
        self._budget = Budget(pace.per_s, clock())
        self._in_flight = 1
        self._counted_at: datetime | None = None

    async def claim(self, limit: int) -> Sequence[Request]:
        """The requests to ask about now, as many as the budget of questions allows."""
        now = self._clock()
        await self._count(now)
        affordable = self._budget.available(now)
        if affordable < 1:
            return ()
        lease = Lease(self._owner, lease_until(now, self._timings.leases.poll_s))
        claimed = await self._store.write(_claim, now, lease, min(limit, affordable))
        self._budget.spend(len(claimed))
        return claimed

    async def next_due_at(self) -> datetime | None:
        """When the next question is due."""
        return await self._store.read(lambda work: work.requests.next_due_at())

    async def handle(self, request: Request) -> None:
        """Ask about one request and do what follows from the answer."""
        try:
            if request.state is State.AWAITING:
                await self._store.write(lapse, request, self._clock())
                log.info("nobody approved it in time", extra=facts_of(request, Move.LAPSE))
            elif request.task_id is None or request.watch is None:
                await self._doubt(request)
            else:
                await self._ask(request, request.task_id, request.watch)
        except StaleError:
            log.warning("another worker moved the request first", extra=facts_of(request))

    async def _doubt(self, request: Request) -> None:
        """A submission whose worker is gone: nobody knows whether the provider took it."""
        log.error(
            "OPERATOR: a submission was cut off; it is not repeated, and the provider may have charged",
            extra=facts_of(request, Move.DOUBT),
        )
        failure = Failure(FailureKind.UNCERTAIN, "the worker stopped during the submission")
        await self._store.write(_end, request, Move.DOUBT, failure, self._limits, self._clock())

    async def _ask(self, request: Request, task_id: str, watch: Watch) -> None:
        retry_after_s = 0.0
        verdict: Verdict | Failure
        try:
            report = await self._provider.query(task_id)
        except UnknownTaskError:
            outcome = Question.UNKNOWN_TASK
            new_s = self._timings.new_task_s
            verdict = judge_unknown(watch, now=self._clock(), unknown_max_s=new_s, gap_max_s=self._gap_max_s)
        except NoAnswerError as error:
            outcome = Question.NO_ANSWER
            log.info("no answer about the task: %s", error.cause, extra=facts_of(request))
            retry_after_s = error.retry_after_s or 0.0
            verdict = self._silent(watch)
        except AccountError as error:
            outcome = Question.ACCOUNT
            await self._tell_refused(request, error)
            retry_after_s = self._pace.max_s
            verdict = self._silent(watch)
        except RejectedError as error:
            outcome = Question.REFUSED
            verdict = of_refusal(error)
        else:
            outcome = Question.ANSWERED
            verdict = self._judged(report, watch)
        self._meter.asked(request, outcome)
        await self._conclude(request, verdict, retry_after_s)

    async def _tell_refused(self, request: Request, error: AccountError) -> None:
        """Let nothing be submitted to an account that is refused, and tell the operator once."""
        is_news = await self._store.write(_shut, self._limits, self._clock())
        if is_news:
            log.error(
                "OPERATOR: the provider refuses the key (code %s) when asked about a task; submissions stop",
                error.code,
                extra=facts_of(request),
            )
        else:
            log.info("the key is still refused (code %s)", error.code, extra=facts_of(request))

    def _judged(self, report: TaskReport, watch: Watch) -> Verdict:
        return judge(
            report,
            watch,
            now=self._clock(),
            give_up_s=self._give_up_s,
            gap_max_s=self._gap_max_s,
            grace_s=self._timings.streaming_grace_s,
        )

    def _silent(self, watch: Watch) -> Verdict:
        return judge_silence(watch, now=self._clock(), gap_max_s=self._gap_max_s)

    async def _conclude(self, request: Request, verdict: Verdict | Failure, retry_after_s: float) -> None:
        now = self._clock()
        match verdict:
            case KeepAsking(watch):
                plan = Plan(self._pace, self._in_flight, self._chance(), retry_after_s)
                await self._store.write(_keep_asking, request, watch, plan, now)
            case Finished():
                is_known = request.watch is not None and was_watched(request.watch, now, self._gap_max_s)
                song_s = _age_s(request, now) if is_known else None
                await self._store.write(_finish, request, verdict, now, song_s)
                log.info("finished with %d clips", len(verdict.clips), extra=facts_of(request, Move.FINISH))
                self._meter.finished(request, song_s=_age_s(request, now))
            case GivenUp():
                failure = self._tell_given_up(request, verdict)
                await self._store.write(_end, request, Move.EXPIRE, failure, self._limits, now)
            case Broken() | Lost() | Failure():
                failure = _failure(verdict)
                is_news = await self._store.write(_end, request, Move.FAIL, failure, self._limits, now)
                _tell_failed(request, failure, is_news=is_news)
            case _:
                assert_never(verdict)

    def _tell_given_up(self, request: Request, verdict: GivenUp) -> Failure:
        """Tell the operator which task was given up; gives the reason."""
        facts = facts_of(request, Move.EXPIRE)
        if verdict.is_unanswered:
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

    async def _count(self, now: datetime) -> None:
        """Know how many requests, and how many processes, share the budget of questions."""
        if self._counted_at is None or abs(now - self._counted_at) >= timedelta(seconds=COUNT_S):
            self._counted_at = now
            in_flight, workers = await self._store.read(_sharers, now)
            self._in_flight = max(1, in_flight)
            self._budget.limit(self._pace.per_s / workers)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the time of the next question depends on, besides the task itself."""

    pace: Pace
    in_flight: int
    chance: float
    at_least_s: float
    """What the provider asked for, in seconds; 0 where it did not."""

    def rest_s(self, request: Request, watch: Watch, durations: Durations, now: datetime) -> float:
        """Seconds until the next question."""
        first_clip_at = watch.first_clip_at
        interval = interval_s(
            _age_s(request, now),
            first_clip_age_s=_age_s(request, first_clip_at) if first_clip_at else None,
            durations=durations,
            in_flight=self.in_flight,
            pace=self.pace,
        )
        return max(jittered(interval, chance=self.chance), self.at_least_s)


def _tell_failed(request: Request, failure: Failure, *, is_news: bool) -> None:
    facts = facts_of(request, Move.FAIL)
    log.warning("the provider made no song: %s", failure.detail, extra=facts)
    if is_news:
        log.error(
            "OPERATOR: a task failed for the account's sake: %s; submissions stop, and resume by themselves",
            failure.detail,
            extra=facts,
        )


def _failure(verdict: Broken | Lost | Failure) -> Failure:
    """Why there will be no song."""
    match verdict:
        case Broken(reason):
            return of_broken_task(reason)
        case Lost():
            return Failure(FailureKind.LOST_TASK, "the provider does not know the task")
        case _:
            return verdict


def _sharers(work: Work, now: datetime) -> tuple[int, int]:
    """How many requests the provider has, and how many processes ask about them."""
    return work.requests.count(*AT_PROVIDER), work.presence.workers(now)


@unit_of_work("poller.claim")
def _claim(work: Work, now: datetime, lease: Lease, limit: int) -> list[Request]:
    return work.requests.claim_due(now=now, lease=lease, limit=limit)


@unit_of_work("poller.reschedule")
def _keep_asking(work: Work, request: Request, watch: Watch, plan: Plan, now: datetime) -> None:
    rest_s = plan.rest_s(request, watch, work.timings.of(request.spec.model), now)
    work.requests.remember(request, watch=watch, next_at=now + timedelta(seconds=rest_s))
    known = request.watch.clips if request.watch else ()
    if watch.clips and not known:
        work.notices.touch(request.id, NoticeKind.STATUS, due_at=now)


@unit_of_work("poller.finish")
def _finish(work: Work, request: Request, verdict: Finished, now: datetime, song_s: float | None) -> None:
    """The song is there; `song_s` is how long it took in seconds, None where nobody knows."""
    gate = work.gates.get()
    if gate is not None and gate.failed_at is not None:
        work.requests.lock_line()
        work.gates.put((work.gates.get() or gate).finished(request.accepted_at or now, now=now))
    make_move(work, request, Move.FINISH, now=now, clips=verdict.clips, partial=verdict.partial)
    if song_s is not None:
        seen = work.timings.of(request.spec.model).with_song(song_s)
        work.timings.keep(request.spec.model, seen)


def _age_s(request: Request, now: datetime) -> float:
    """Seconds since the provider took the task."""
    return (now - (request.accepted_at or request.placed_at)).total_seconds()


@unit_of_work("poller.fail")
def _end(work: Work, request: Request, move: Move, failure: Failure, limits: Limits, now: datetime) -> bool:
    """End the request without a song; returns whether that tells the operator of an account in trouble."""
    is_news = False
    if failure.kind is FailureKind.OPERATOR:
        work.requests.lock_line()  # before the member's rows, as in submitting: no deadlock
        before = gate_of(work, limits.places)
        breaker = limits.timings.breaker
        work.gates.put(before.failed_task(request.accepted_at or now, now=now, timings=breaker))
        is_news = before.trouble is not Trouble.ACCOUNT
    make_move(work, request, move, now=now, failure=failure)
    return is_news


@unit_of_work("circuit_breaker.open")
def _shut(work: Work, limits: Limits, now: datetime) -> bool:
    """Let nothing be submitted after a refused account; returns whether that is news."""
    work.requests.lock_line()
    before = gate_of(work, limits.places)
    work.gates.put(before.refused_question(now=now, timings=limits.timings.breaker))
    return before.trouble is not Trouble.ACCOUNT
