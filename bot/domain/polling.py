"""The poll schedule: a task is polled most often when its song is most likely to be finished.

A poll has a cost, and so has each second that a member waits. For a task that finishes at the rate h(t) at
age t, the sum of both is least with an interval of sqrt(2c / h(t)), where c is the cost of a poll in seconds
of delay. Song durations are learned per model: a lognormal distribution whose prior comes from the provider's
own example (101 s) and from public measurements (30-180 s).
"""

import math
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist

PRIOR_MEDIAN_S = 101.0
PRIOR_SIGMA = 0.4
PRIOR_WEIGHT = 10
"""The number of finished songs that the prior counts as at first; with `MEMORY` of its own, one."""
MEMORY = 72
"""The number of finished songs that a model's own count as at most, so that a change of its speed is noticed.

With every 50 songs, what was known counts half as much. 50 songs after a change, a model that is twice as
fast or as slow costs some 11 % more polls and delay than one whose times are known; without that, 79 %.
"""
POLL_COST_S = 0.2
"""Seconds of delay that a poll is worth; the mean delay on the prior is then 2.5 s."""
FIRST_CLIP_SHARE = 0.6
"""The share of a task's duration after which its first clip is complete."""
FIRST_CLIP_SIGMA = 0.2
JITTER = 0.1
"""Each interval varies by this share, so that requests placed together drift apart."""
POLLS_PER_SONG = 13.6
"""The mean number of polls of this schedule on the prior."""
_MIDPOINT_STEPS = 3

_UNIT = NormalDist()


@dataclass(frozen=True, slots=True)
class DurationStats:
    """Observed song durations, as statistics of the natural logarithm of their seconds."""

    count: int = 0
    """How many songs they count as."""
    mean: float = 0.0
    """Of the logarithms."""
    sum_of_squares: float = 0.0
    """The sum of squared differences from the mean (Welford)."""

    def with_song(self, duration_s: float) -> "DurationStats":
        """Return the statistics with one more song, which makes older ones count less."""
        value = math.log(max(duration_s, 1.0))
        kept = min(self.count, MEMORY - 1)
        squares = self.sum_of_squares * (kept / self.count) if self.count else 0.0
        count = kept + 1
        mean = self.mean + (value - self.mean) / count
        return DurationStats(count, mean, squares + (value - self.mean) * (value - mean))

    @property
    def median_s(self) -> float:
        """Return the median duration of a song in seconds, from prior and observations."""
        return math.exp(self._location)

    @property
    def sigma(self) -> float:
        """Return the standard deviation of the logarithm, from prior and observations."""
        prior, weight = math.log(PRIOR_MEDIAN_S), self._prior_weight
        total = weight + self.count
        shift = weight * self.count / total * (self.mean - prior) ** 2
        return math.sqrt((weight * PRIOR_SIGMA**2 + self.sum_of_squares + shift) / total)

    @property
    def _location(self) -> float:
        prior, weight = math.log(PRIOR_MEDIAN_S), self._prior_weight
        return (weight * prior + self.count * self.mean) / (weight + self.count)

    @property
    def _prior_weight(self) -> float:
        return max(1.0, PRIOR_WEIGHT * (1 - self.count / MEMORY))


@dataclass(frozen=True, slots=True)
class PollLimits:
    """The limits of polling: seconds between two polls of a request, and polls per second of all requests."""

    min_s: float = 1.0
    max_s: float = 45.0
    per_s: float = 20.0


def hazard(age_s: float, *, median_s: float, sigma: float) -> float:
    """Return the chance per second that a lognormal duration ends now, given that it has not ended before."""
    if age_s < 0.001:  # nothing finishes that soon
        return 0.0
    z = math.log(age_s / median_s) / sigma
    survival = _UNIT.cdf(-z)
    if survival < 1e-12:  # the limit for large z, where both terms underflow
        return z / (sigma * age_s)
    return _UNIT.pdf(z) / (sigma * age_s * survival)


def interval_s(
    age_s: float,
    *,
    first_clip_age_s: float | None,
    durations: DurationStats,
    in_flight: int,
    limits: PollLimits,
) -> float:
    """Return the seconds until the next poll, without jitter.

    `age_s` and `first_clip_age_s` count from the task's acceptance (None while no clip is complete);
    `in_flight` is the number of requests that share `limits.per_s`.
    """
    median_s, sigma = durations.median_s, durations.sigma
    if first_clip_age_s is not None:
        median_s, sigma = max(first_clip_age_s, 1.0) / FIRST_CLIP_SHARE, FIRST_CLIP_SIGMA
    cost_s = POLL_COST_S * load_factor(in_flight, durations=durations, limits=limits) ** 2

    def ideal_s(at_s: float) -> float:
        rate = hazard(at_s, median_s=median_s, sigma=sigma)
        return (
            min(max(math.sqrt(2 * cost_s / rate), limits.min_s), limits.max_s) if rate > 0 else limits.max_s
        )

    interval = ideal_s(age_s)
    for _ in range(_MIDPOINT_STEPS):  # the rate that counts is the one in the middle of the interval
        interval = (interval + ideal_s(age_s + interval / 2)) / 2
    return interval


def load_factor(in_flight: int, *, durations: DurationStats, limits: PollLimits) -> float:
    """Return the factor, at least 1, by which intervals grow to keep all requests within `limits.per_s`."""
    polls_per_s = in_flight * POLLS_PER_SONG / durations.median_s
    return max(1.0, polls_per_s / limits.per_s)


def with_jitter(interval: float, *, random: float) -> float:
    """Return the interval with jitter; `random` is uniform in 0..1."""
    return interval * (1 - JITTER + 2 * JITTER * random)


class TokenBucket:
    """A token bucket that holds the tokens of one second, at least one."""

    def __init__(self, per_s: float, now: datetime) -> None:
        self._per_s = per_s
        self._tokens = self._capacity
        self._at = now

    @property
    def _capacity(self) -> float:
        return max(1.0, self._per_s)

    def set_rate(self, per_s: float) -> None:
        """Gain `per_s` tokens a second from now on."""
        self._per_s = per_s

    def available(self, now: datetime) -> int:
        """Return how many tokens can be spent now."""
        gained = (now - self._at).total_seconds() * self._per_s
        self._tokens = min(self._capacity, self._tokens + max(0.0, gained))
        self._at = now
        return int(self._tokens)

    def spend(self, count: int) -> None:
        """Spend `count` tokens."""
        self._tokens -= count
