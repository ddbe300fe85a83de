"""Poll schedules as lists of ages: fixed, best possible, and the bot's own; and the cost of each.

A schedule is an ascending list of ages in seconds at which is asked as long as the song is not finished. What
it costs on a lognormal distribution of song times is exact: no song is drawn by chance.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

from bot.domain.polling import PRIOR_MEDIAN_S, PRIOR_SIGMA, DurationStats, PollLimits, interval_s

HORIZON_S = 700.0
"""An age that one song in a million exceeds."""
GRID_S = 0.5
"""The grid on which the best schedule is searched."""
LONGEST_STEP_S = 90.0
"""The longest interval of the best schedule: more than its first polls need."""
BISECTIONS = 24

_UNIT = NormalDist()


@dataclass(frozen=True, slots=True)
class SongTimes:
    """A lognormal distribution of song durations in seconds."""

    median_s: float = PRIOR_MEDIAN_S
    sigma: float = PRIOR_SIGMA

    def finished_by(self, age_s: float) -> float:
        """Return the share of songs that take at most this long."""
        return _UNIT.cdf(math.log(age_s / self.median_s) / self.sigma) if age_s > 0 else 0.0

    def seconds_by(self, age_s: float) -> float:
        """Return the partial expectation: those songs' durations, summed, per song of all songs."""
        if age_s <= 0:
            return 0.0
        mean_s = self.median_s * math.exp(self.sigma**2 / 2)
        return mean_s * _UNIT.cdf(math.log(age_s / self.median_s) / self.sigma - self.sigma)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a schedule, as means over all songs."""

    polls: float
    delay_s: float
    """Seconds from the song's end to the poll that sees it."""


def cost_of(schedule: Sequence[float], times: SongTimes) -> Cost:
    """Return the mean polls and delay of a song with this schedule."""
    polls = delay_s = 0.0
    for before, at in pairwise((0.0, *schedule)):
        polls += 1 - times.finished_by(before)
        finished = times.finished_by(at) - times.finished_by(before)
        delay_s += at * finished - (times.seconds_by(at) - times.seconds_by(before))
    return Cost(polls, delay_s)


def fixed(interval: float) -> list[float]:
    """Return the schedule with a fixed interval in seconds."""
    return [interval * n for n in range(1, math.ceil(HORIZON_S / interval) + 1)]


def own(limits: PollLimits, durations: DurationStats) -> list[float]:
    """Return the bot's schedule for a single song, without jitter and without a complete first clip."""
    schedule: list[float] = []
    age_s = 0.0
    while age_s < HORIZON_S:
        age_s += interval_s(age_s, first_clip_age_s=None, durations=durations, in_flight=1, limits=limits)
        schedule.append(age_s)
    return schedule


def best(price_s: float, times: SongTimes) -> list[float]:
    """Return the schedule with the least `price_s` x polls + delay on the grid, by dynamic programming.

    It goes backwards over the ages: the best schedule after an age is known before the poll at that age is
    chosen.
    """
    ages = [GRID_S * n for n in range(int(HORIZON_S / GRID_S) + 1)]
    finished = [times.finished_by(age_s) for age_s in ages]
    seconds = [times.seconds_by(age_s) for age_s in ages]
    least = [0.0] * len(ages)
    follow = [len(ages) - 1] * len(ages)
    reach = int(LONGEST_STEP_S / GRID_S)
    for at in range(len(ages) - 2, -1, -1):
        choices = range(at + 1, min(at + reach, len(ages) - 1) + 1)
        # the cost of the next poll at `n`, without the terms that are the same for every `n`
        costs = [ages[n] * (finished[n] - finished[at]) - seconds[n] + least[n] for n in choices]
        cheapest = min(range(len(costs)), key=costs.__getitem__)
        follow[at] = choices[cheapest]
        least[at] = costs[cheapest] + seconds[at] + price_s * (1 - finished[at])
    schedule: list[float] = []
    index = 0
    while index < len(ages) - 1:
        index = follow[index]
        schedule.append(ages[index])
    return schedule


def at_delay(delay_s: float, make: Callable[[float], Sequence[float]], times: SongTimes) -> Cost:
    """Return the cost of the schedule whose mean delay is closest to `delay_s`.

    `make` returns the schedule for a number from 0.001 to 100 with which the delay grows.
    """
    low, high = math.log(0.001), math.log(100.0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if cost_of(make(math.exp(middle)), times).delay_s > delay_s:
            high = middle
        else:
            low = middle
    return cost_of(make(math.exp(low)), times)
