"""When to ask again: most often when the song is most likely to be finished.

A question costs something, and so does each second of a member's waiting. For a task that finishes at
the rate h(t) at age t, the sum of both is least when the interval is sqrt(2c / h(t)), with c the price of a
question in seconds of delay. How long songs take is learned per model: a lognormal distribution whose prior
was set from the provider's own example (101 s) and from public measurements (30-180 s).
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

PRIOR_MEDIAN_S = 101.0
PRIOR_SIGMA = 0.4
PRIOR_WEIGHT = 10
"""How many finished songs the prior counts as."""
POLL_COST_S = 0.2
"""Seconds of delay that a question is worth: gives a mean delay of 2.5 s on the prior."""
FIRST_CLIP_SHARE = 0.6
"""The share of a task's time after which its first clip is complete."""
FIRST_CLIP_SIGMA = 0.2
JITTER = 0.1
"""Each interval is spread by this share, so that requests placed together drift apart."""
POLLS_PER_SONG = 14.3
"""What this schedule needs on the prior."""
_MIDPOINT_STEPS = 3

_UNIT = NormalDist()


@dataclass(frozen=True, slots=True)
class DurationStats:
    """What was seen of finished songs, as statistics of the natural logarithm of their seconds."""

    count: int = 0
    mean: float = 0.0
    """Of the logarithms."""
    sum_of_squares: float = 0.0
    """The sum of squared differences from the mean (Welford)."""

    def with_song(self, duration_s: float) -> "DurationStats":
        """The same with one more song."""
        value = math.log(max(duration_s, 1.0))
        count = self.count + 1
        mean = self.mean + (value - self.mean) / count
        return DurationStats(count, mean, self.sum_of_squares + (value - self.mean) * (value - mean))

    @property
    def median_s(self) -> float:
        """The usual time of a song in seconds, prior and observations together."""
        return math.exp(self._location)

    @property
    def sigma(self) -> float:
        """The spread of the logarithm, prior and observations together."""
        prior = math.log(PRIOR_MEDIAN_S)
        total = PRIOR_WEIGHT + self.count
        shift = PRIOR_WEIGHT * self.count / total * (self.mean - prior) ** 2
        return math.sqrt((PRIOR_WEIGHT * PRIOR_SIGMA**2 + self.sum_of_squares + shift) / total)

    @property
    def _location(self) -> float:
        prior = math.log(PRIOR_MEDIAN_S)
        return (PRIOR_WEIGHT * prior + self.count * self.mean) / (PRIOR_WEIGHT + self.count)


@dataclass(frozen=True, slots=True)
class PollLimits:
    """The bounds of asking: seconds between two questions of one request, and questions a second of all."""

    min_s: float = 1.0
    max_s: float = 30.0
    per_s: float = 20.0


def hazard(age_s: float, *, median_s: float, sigma: float) -> float:
    """The chance per second that a lognormal time ends now, if it has not ended before."""
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
    """Seconds until the next question.

    `age_s` counts from the task's acceptance, `first_clip_age_s` too (None while no clip is complete);
    `in_flight` is how many requests share the budget. A pure function: the caller adds the jitter.
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
    """How many times longer intervals must be for all requests to stay within the budget; at least 1."""
    questions_per_s = in_flight * POLLS_PER_SONG / durations.median_s
    return max(1.0, questions_per_s / limits.per_s)


def with_jitter(interval: float, *, random: float) -> float:
    """The interval spread by the jitter; `chance` is uniform in 0..1."""
    return interval * (1 - JITTER + 2 * JITTER * random)
