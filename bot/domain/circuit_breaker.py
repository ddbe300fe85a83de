"""The circuit breaker for the provider: whether requests may be submitted now, and why not.

Its state is kept in the database, so that all processes share it and a restart loses nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.retry_policy import RetryPolicy

_MAX_FAILURES = 16
SUSPECT_S = 600.0
"""Seconds for which a failure that may be the provider's is kept; an accepted task clears it sooner."""
TURNED_AWAY_TRIES = 3
"""How often a request is turned away by a proxy or firewall, while others are accepted, before it fails."""
_MAX_TURNED_AWAY = 50
LONE_FAILURES = 5
"""How many of one member's requests, failed in a row with no task accepted meanwhile, count as an outage."""


class ProviderOutage(StrEnum):
    """Why the provider accepts nothing."""

    BUSY = "busy"
    """Too many tasks are running there."""
    OUTAGE = "outage"
    """The provider cannot be reached, or its answers are lost."""
    ACCOUNT = "account"
    """The provider refuses the key or the account."""
    EMPTY = "empty"
    """The account has no credits left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerTimings:
    """The pauses in which nothing is submitted."""

    busy: RetryPolicy = RetryPolicy(first_s=5.0, max_s=60.0)
    """After a busy provider."""
    outage: RetryPolicy = RetryPolicy(first_s=5.0, max_s=60.0)
    """After an unreachable provider or a lost answer."""
    account: RetryPolicy = RetryPolicy(first_s=60.0, max_s=900.0)
    """After a wrong key or an empty account."""


ACCOUNT_OUTAGES = frozenset({ProviderOutage.ACCOUNT, ProviderOutage.EMPTY})
"""The outages that only the bot's operator can end."""
MAX_PAUSE_S = BreakerTimings().account.max_s


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The last submission that failed for a reason that may be the provider's or the request's own."""

    user_id: int
    request_id: int
    at: datetime
    failures: int = 1
    """How many different requests of this member failed like that in a row."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A request that a proxy or firewall in front of the provider turned away."""

    request_id: int
    at: datetime
    """The last time that it was turned away."""
    tries: int = 1
    """How often it was turned away, counting repeats only if another request was accepted in between."""
    others_taken: bool = False
    """True if another request was accepted since."""


BLOCKING_OUTAGES = frozenset({ProviderOutage.OUTAGE, *ACCOUNT_OUTAGES})
"""The outages that may last: one submission at a time probes whether they are over, and members see it."""


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """The provider's readiness, as the last submissions showed it; open while nothing may be submitted."""

    capacity: int
    """The provider's own limit of concurrent tasks, as far as it has shown; at least 1."""
    outage: ProviderOutage | None = None
    """The last outage, until a task is accepted; a refusal that concerns one request only changes nothing."""
    failures: int = 0
    """Submissions in a row that met this outage."""
    open_until: datetime | None = None
    """The end of the pause; None if there was none since a task was accepted."""
    # here, because all processes read this one row before they submit
    paused_by_operator: bool = False
    """True while the bot's operator has paused submissions for all servers."""
    suspicion: Suspicion | None = None
    """The last failure of unknown cause; None after a task was accepted."""
    failed_at: datetime | None = None
    """When a task last failed because of the account. Where tasks are accepted and then fail, an
    accepted task proves nothing; only a finished song does."""

    turned_away: tuple[TurnedAway, ...] = ()
    """The requests that were turned away, the latest last."""

    def free_slots(self, running: int, *, submitting: int, slots: int, now: datetime) -> int:
        """Return how many more tasks may be submitted.

        `running` tasks take a slot, `submitting` of them have no answer yet, and `slots` is the operator's
        limit. While the provider is out of reach or refuses the account, one submission at a time probes
        whether it works again.
        """
        if self.paused_by_operator or self.is_open(now):
            return 0
        room = max(0, min(slots, self.capacity) - running)
        if self.outage in BLOCKING_OUTAGES:
            return min(room, 1) if submitting == 0 else 0
        return room

    def is_open(self, now: datetime) -> bool:
        """Return True if nothing may be submitted; a pause beyond the longest comes from a wrong clock."""
        longest = timedelta(seconds=MAX_PAUSE_S)
        return self.open_until is not None and now < self.open_until <= now + longest

    def record_success(
        self,
        *,
        slots: int,
        now: datetime,
        request_id: int | None = None,
        timings: BreakerTimings = BreakerTimings(),
    ) -> "CircuitBreaker":
        """Return the breaker after an accepted task: closed, with one slot more to try.

        If a task failed because of the account, it opens for another pause, to await this task's outcome.
        """
        away = tuple(
            replace(one, others_taken=True) for one in self.turned_away if one.request_id != request_id
        )
        if self.outage in ACCOUNT_OUTAGES and self.failed_at is not None:
            pause_s = timings.account.delay_s(self.failures)
            return replace(self, open_until=now + timedelta(seconds=pause_s), turned_away=away)
        return CircuitBreaker(
            min(slots, self.capacity + 1), paused_by_operator=self.paused_by_operator, turned_away=away
        )

    def turn_away(
        self,
        *,
        user_id: int,
        request_id: int,
        now: datetime,
        timings: BreakerTimings = BreakerTimings(),
    ) -> "CircuitBreaker":
        """Return the breaker after a proxy or firewall in front of the provider turned the request away.

        If another request was accepted since it happened last, the cause is the request: the provider is not
        suspected.
        """
        last = next((one for one in self.turned_away if one.request_id == request_id), None)
        tries = 1 if last is None else last.tries + last.others_taken
        rest = (one for one in self.turned_away if one is not last)
        away = (*rest, TurnedAway(request_id, now, tries))[-_MAX_TURNED_AWAY:]
        known = replace(self, turned_away=away)
        if last is not None and last.others_taken:
            return known
        return known.record_suspect_failure(user_id=user_id, request_id=request_id, now=now, timings=timings)

    def rejects_request(self, request_id: int) -> bool:
        """Return True if the request was turned away often enough while others were accepted."""
        tries = (one.tries for one in self.turned_away if one.request_id == request_id)
        return next(tries, 0) >= TURNED_AWAY_TRIES

    def has_turned_away(self, request_id: int, now: datetime) -> bool:
        """Return True if this request was turned away before, or any within the last `SUSPECT_S` seconds."""
        span = timedelta(seconds=SUSPECT_S)
        return any(one.request_id == request_id or abs(now - one.at) < span for one in self.turned_away)

    def record_refused_poll(
        self,
        outage: ProviderOutage,
        *,
        now: datetime,
        timings: BreakerTimings = BreakerTimings(),
    ) -> "CircuitBreaker":
        """Return the breaker after a poll was answered with a refusal of the key or account: open."""
        is_known = self.outage in ACCOUNT_OUTAGES
        return self if is_known else self.record_failure(outage, now=now, timings=timings)

    def record_failed_task(
        self,
        accepted_at: datetime,
        outage: ProviderOutage,
        *,
        now: datetime,
        timings: BreakerTimings = BreakerTimings(),
    ) -> "CircuitBreaker":
        """Return the breaker after an accepted task failed because of the account: open.

        When the account is empty, all running tasks fail: those accepted before the first failure change
        nothing.
        """
        if self.outage in ACCOUNT_OUTAGES and not self._is_later(accepted_at, now):
            return self
        return replace(self.record_failure(outage, now=now, timings=timings), failed_at=now)

    def record_finished_song(self, accepted_at: datetime, *, now: datetime) -> "CircuitBreaker":
        """Return the breaker after a finished song: closed if its task was accepted after the failure."""
        if not self._is_later(accepted_at, now):
            return self
        return CircuitBreaker(
            self.capacity, paused_by_operator=self.paused_by_operator, turned_away=self.turned_away
        )

    def _is_later(self, accepted_at: datetime, now: datetime) -> bool:
        # a failure in the future comes from a wrong clock
        return self.failed_at is not None and (self.failed_at <= accepted_at or self.failed_at > now)

    def is_shared(self, user_id: int, now: datetime) -> bool:
        """Return True if the last failure was another member's, with no task accepted since."""
        last = self.suspicion
        return last is not None and last.user_id != user_id and _is_recent(last, now)

    def record_suspect_failure(
        self,
        *,
        user_id: int,
        request_id: int,
        now: datetime,
        timings: BreakerTimings = BreakerTimings(),
    ) -> "CircuitBreaker":
        """Return the breaker after a failure that may be the provider's or the request's own.

        It opens if another member's submission failed before, or `LONE_FAILURES` different requests of this
        member in a row: a single failure does not show whether the provider or the request is at fault.
        """
        last, failures = self.suspicion, 1
        if last is not None and last.user_id == user_id and _is_recent(last, now):
            failures = last.failures + (last.request_id != request_id)
        known = replace(self, suspicion=Suspicion(user_id, request_id, now, min(failures, LONE_FAILURES)))
        if failures >= LONE_FAILURES or self.is_shared(user_id, now):
            return known.record_failure(ProviderOutage.OUTAGE, now=now, timings=timings)
        return known

    def record_failure(
        self,
        outage: ProviderOutage,
        *,
        now: datetime,
        retry_after_s: float | None = None,
        running: int | None = None,
        timings: BreakerTimings = BreakerTimings(),
    ) -> "CircuitBreaker":
        """Return the breaker after a submission that met an outage: open.

        `running` is the number of other tasks at the provider if it refused this one as one too many: that is
        its capacity now.
        """
        failures = self.failures if outage is self.outage else 0
        pause_s = retry_after_s or _policy(outage, timings).delay_s(failures + 1)
        return replace(
            self,
            capacity=self.capacity if running is None else max(1, min(self.capacity, running)),
            outage=outage,
            failures=min(failures + 1, _MAX_FAILURES),
            open_until=now + timedelta(seconds=pause_s),
            failed_at=self.failed_at if outage in ACCOUNT_OUTAGES else None,
        )


def _is_recent(last: Suspicion, now: datetime) -> bool:
    # a time further ahead than failures are kept comes from a wrong clock
    return abs(now - last.at) < timedelta(seconds=SUSPECT_S)


def _policy(outage: ProviderOutage, timings: BreakerTimings) -> RetryPolicy:
    match outage:
        case ProviderOutage.ACCOUNT | ProviderOutage.EMPTY:
            return timings.account
        case ProviderOutage.BUSY:
            return timings.busy
        case _:
            return timings.outage
