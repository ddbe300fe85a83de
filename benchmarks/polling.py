"""Polls per song, at equal mean delay of the result.

Measured: the bot's schedule (`bot.domain.polling`) on its prior, exactly and without jitter, then over songs
drawn by chance, with jitter, with and without the knowledge that the first clip is ready. Against: a poller
with a fixed interval and the best schedule there is (dynamic programming), both set to the same mean delay.
Pure calculation: no server, no clock.
"""

import math
import random
from dataclasses import dataclass
from statistics import fmean

from benchmarks.harness.report import Report
from benchmarks.harness.schedules import Cost, SongTimes, at_delay, best, cost_of, fixed, own
from bot.domain.polling import (
    FIRST_CLIP_SHARE,
    FIRST_CLIP_SIGMA,
    PRIOR_MEDIAN_S,
    PRIOR_SIGMA,
    DurationStats,
    PollLimits,
    interval_s,
    with_jitter,
)

SONGS, QUICK_SONGS = 20_000, 2_000
AT_MOST_FIXED = 0.65
WITHIN_BEST = 1.10


@dataclass(frozen=True, slots=True)
class Song:
    """The seconds until a song, and its first clip, is finished."""

    ends_s: float
    first_clip_s: float


def drawn(rng: random.Random) -> Song:
    """Draw a song from the prior, its first clip at about the usual share of its duration."""
    ends_s = PRIOR_MEDIAN_S * math.exp(PRIOR_SIGMA * rng.gauss(0, 1))
    share = FIRST_CLIP_SHARE * math.exp(FIRST_CLIP_SIGMA * rng.gauss(0, 1))
    return Song(ends_s, ends_s * min(share, 1.0))


def followed(song: Song, rng: random.Random, *, by_clip: bool) -> Cost:
    """Return the cost of one song with the bot's schedule."""
    age_s, polls = 0.0, 0
    seen_s: float | None = None
    while True:
        interval = interval_s(
            age_s, first_clip_age_s=seen_s, durations=DurationStats(), in_flight=1, limits=PollLimits()
        )
        age_s += with_jitter(interval, random=rng.random())
        polls += 1
        if age_s >= song.ends_s:
            return Cost(polls, age_s - song.ends_s)
        if by_clip and seen_s is None and age_s >= song.first_clip_s:
            seen_s = age_s


def simulated(count: int, *, by_clip: bool) -> Cost:
    """Return the mean cost of `count` songs, the same ones at each call."""
    rng = random.Random(1)
    songs = [drawn(rng) for _ in range(count)]
    costs = [followed(song, rng, by_clip=by_clip) for song in songs]
    return Cost(fmean(cost.polls for cost in costs), fmean(cost.delay_s for cost in costs))


async def run(*, quick: bool) -> Report:
    """Compare the schedules."""
    report = Report(
        "polling: polls per song, at equal mean delay",
        "a fixed interval | the best possible schedule (dynamic programming)",
    )
    times = SongTimes()
    exact = cost_of(own(PollLimits(), DurationStats()), times)
    interval = at_delay(exact.delay_s, fixed, times)
    ideal = at_delay(exact.delay_s, lambda price_s: best(price_s, times), times)
    five = cost_of(fixed(5.0), times)
    report.add("a fixed 5 s poller alone", "-", _words(five))
    report.add("on the prior, exactly", _words(exact), f"{_words(interval)} | {_words(ideal)}")
    count = QUICK_SONGS if quick else SONGS
    for name, by_clip in (("with jitter", False), ("with jitter and the first clip's signal", True)):
        cost = simulated(count, by_clip=by_clip)
        beside = at_delay(cost.delay_s, fixed, times)
        against = at_delay(cost.delay_s, lambda price_s: best(price_s, times), times)
        report.add(name, _words(cost), f"{_words(beside)} | {_words(against)}", samples=count)
        _judge(report, name, cost, beside, against)
    return report


def _judge(report: Report, name: str, cost: Cost, beside: Cost, against: Cost) -> None:
    share, over = cost.polls / beside.polls, cost.polls / against.polls
    report.add_target(
        f"{name}: at most {AT_MOST_FIXED} x those of a fixed poller",
        f"{share:.3f} x",
        reached=share <= AT_MOST_FIXED,
    )
    report.add_target(
        f"{name}: within 10 % of the best schedule without a signal",
        f"{over - 1:+.1%}",
        reached=over <= WITHIN_BEST,
    )


def _words(cost: Cost) -> str:
    return f"{cost.polls:.2f} at {cost.delay_s:.2f} s"
