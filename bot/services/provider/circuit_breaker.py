"""The breaker in front of the provider: whether anything may be submitted now, and why not.

What it knows is kept in the database, so that all processes act on it and a restart forgets nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.services.runtime.timings import BreakerTimings

PAUSE_MAX_S = 60.0
ACCOUNT_PAUSE_MAX_S = 900.0
_MOST_FAILURES = 16
SUSPECT_S = 600.0
"""Seconds for which a failure that may be the provider's is remembered; an accepted task ends it sooner."""
TURNED_AWAY_TRIES = 3
"""So often a request is turned away in front of the provider, while others are taken, before it ends."""
_MOST_TURNED_AWAY = 50
LONE_FAILURES = 5
"""So many requests of one member in a row, with no task accepted meanwhile, fail by the provider."""


class ProviderOutage(StrEnum):
    """Why the provider takes nothing."""

    BUSY = "busy"
    """Too many tasks are running there."""
    OUTAGE = "outage"
    """It cannot be reached, or its answers are lost."""
    ACCOUNT = "account"
    """It refuses the key, or the account is empty."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The last submission that failed for a reason that may be the provider's own or its request's."""

    user_id: int
    request_id: int
    at: datetime
    failures: int = 1
    """How many different requests of this one member failed like that in a row."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A request that somebody in front of the provider turns away."""

    request_id: int
    at: datetime
    """When that happened last."""
    tries: int = 1
    """How often it did, each time but the first after another request had been taken."""
    others_taken: bool = False
    """True when another request was taken since."""


BLOCKING_OUTAGES = frozenset({ProviderOutage.OUTAGE, ProviderOutage.ACCOUNT})
"""Troubles that may last: one submission at a time tries whether they are over, and members are told."""


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """What was learned from the last submissions."""

    capacity: int
    """The provider's own limit of tasks at once, as far as it has shown; at least 1."""
    outage: ProviderOutage | None = None
    """What was last met, until a task is accepted; the refusal of a request for itself changes nothing."""
    failures: int = 0
    """Submissions in a row that met this trouble."""
    open_until: datetime | None = None
    # here, because all processes read this one row before they submit
    paused_by_operator: bool = False
    """True while the bot's operator lets nothing be submitted, for any server."""
    suspicion: Suspicion | None = None
    """None after a task was accepted."""
    failed_at: datetime | None = None
    """When a task failed for the account's sake; where tasks are taken and then fail, an accepted one proves
    nothing, but a song that comes of it does."""

    turned_away: tuple[TurnedAway, ...] = ()
    """The last of them at the end."""

    def free_slots(self, running: int, *, submitting: int, slots: int, now: datetime) -> int:
        """How many more tasks may be submitted.

        `running` tasks take a place, `submitting` of them have no answer yet, and `places` is the operator's
        limit. While the provider is out of reach or the account in trouble, one at a time tries whether it
        works again.
        """
        if self.paused_by_operator or self.is_open(now):
            return 0
        room = max(0, min(slots, self.capacity) - running)
        if self.outage in BLOCKING_OUTAGES:
            return min(room, 1) if submitting == 0 else 0
        return room

    def is_open(self, now: datetime) -> bool:
        """True while nothing may be submitted; a pause longer than the longest is a wrong clock's."""
        longest = timedelta(seconds=ACCOUNT_PAUSE_MAX_S)
        return self.open_until is not None and now < self.open_until <= now + longest

    def record_success(
        self,
        *,
        slots: int,
        now: datetime,
        request_id: int | None = None,
        timings: BreakerTimings = BreakerTimings(),  # noqa: B008 - frozen
    ) -> "CircuitBreaker":
        """Open after an accepted task, with one place more to be tried; or wait for what becomes of it."""
        away = tuple(
            replace(one, others_taken=True) for one in self.turned_away if one.request_id != request_id
        )
        if self.outage is ProviderOutage.ACCOUNT and self.failed_at is not None:
            pause_s = _pause_s(ProviderOutage.ACCOUNT, self.failures - 1, timings)
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
        timings: BreakerTimings = BreakerTimings(),  # noqa: B008 - frozen
    ) -> "CircuitBreaker":
        """Remember that somebody in front of the provider turned the request away: it, or all of them.

        When another was taken since it happened last, it is the request: the provider is not suspected.
        """
        last = next((one for one in self.turned_away if one.request_id == request_id), None)
        tries = 1 if last is None else last.tries + last.others_taken
        rest = (one for one in self.turned_away if one is not last)
        away = (*rest, TurnedAway(request_id, now, tries))[-_MOST_TURNED_AWAY:]
        known = replace(self, turned_away=away)
        if last is not None and last.others_taken:
            return known
        return known.record_suspect_failure(user_id=user_id, request_id=request_id, now=now, timings=timings)

    def minds(self, request_id: int) -> bool:
        """True when the request was turned away often enough while others were taken."""
        tries = (one.tries for one in self.turned_away if one.request_id == request_id)
        return next(tries, 0) >= TURNED_AWAY_TRIES

    def has_turned_away(self, request_id: int, now: datetime) -> bool:
        """True when this request was turned away before, or any a short while ago."""
        span = timedelta(seconds=SUSPECT_S)
        return any(one.request_id == request_id or abs(now - one.at) < span for one in self.turned_away)

    def refused_question(
        self,
        *,
        now: datetime,
        timings: BreakerTimings = BreakerTimings(),  # noqa: B008 - frozen
    ) -> "CircuitBreaker":
        """Shut after the key or the account was refused in the answer to a question."""
        is_known = self.outage is ProviderOutage.ACCOUNT
        return self if is_known else self.record_failure(ProviderOutage.ACCOUNT, now=now, timings=timings)

    def failed_task(
        self,
        accepted_at: datetime,
        *,
        now: datetime,
        timings: BreakerTimings = BreakerTimings(),  # noqa: B008 - frozen
    ) -> "CircuitBreaker":
        """Shut after a task that was taken then failed for the account's sake.

        All that run when the account is empty fail for it: those taken before the first of them say no more.
        """
        if self.outage is ProviderOutage.ACCOUNT and not self._is_later(accepted_at, now):
            return self
        return replace(self.record_failure(ProviderOutage.ACCOUNT, now=now, timings=timings), failed_at=now)

    def finished(self, accepted_at: datetime, *, now: datetime) -> "CircuitBreaker":
        """Open after a song whose task was taken later than the last that failed for the account's sake."""
        if not self._is_later(accepted_at, now):
            return self
        return CircuitBreaker(
            self.capacity, paused_by_operator=self.paused_by_operator, turned_away=self.turned_away
        )

    def _is_later(self, accepted_at: datetime, now: datetime) -> bool:
        # a failure in the future is a wrong clock's
        return self.failed_at is not None and (self.failed_at <= accepted_at or self.failed_at > now)

    def is_shared(self, user_id: int, now: datetime) -> bool:
        """Tell whether a failure of this member's follows another member's, with no task accepted between."""
        last = self.suspicion
        return last is not None and last.user_id != user_id and _is_recent(last, now)

    def record_suspect_failure(
        self,
        *,
        user_id: int,
        request_id: int,
        now: datetime,
        timings: BreakerTimings = BreakerTimings(),  # noqa: B008 - frozen
    ) -> "CircuitBreaker":
        """Remember a failure that may be the provider's or the request's own; shut when it is the former.

        That is when another member's submission failed before it. A member who is alone here shuts it with
        several requests: of one nobody can tell.
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
        timings: BreakerTimings = BreakerTimings(),  # noqa: B008 - frozen
    ) -> "CircuitBreaker":
        """After a submission that met a trouble; `running` others were, where the provider said too many."""
        failures = self.failures if outage is self.outage else 0
        pause_s = retry_after_s or _pause_s(outage, failures, timings)
        return replace(
            self,
            capacity=self.capacity if running is None else max(1, min(self.capacity, running)),
            outage=outage,
            failures=min(failures + 1, _MOST_FAILURES),
            open_until=now + timedelta(seconds=pause_s),
            failed_at=self.failed_at if outage is ProviderOutage.ACCOUNT else None,
        )


def _is_recent(last: Suspicion, now: datetime) -> bool:
    # one that is further ahead than it is remembered for is a wrong clock's
    return abs(now - last.at) < timedelta(seconds=SUSPECT_S)


def _pause_s(outage: ProviderOutage, failures: int, timings: BreakerTimings) -> float:
    match outage:
        case ProviderOutage.ACCOUNT:
            return min(timings.account_s * 2.0**failures, ACCOUNT_PAUSE_MAX_S)
        case ProviderOutage.BUSY:
            return min(timings.busy_s * 2.0**failures, PAUSE_MAX_S)
        case _:
            return min(timings.outage_s * 2.0**failures, PAUSE_MAX_S)
