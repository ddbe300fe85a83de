"""Polls per song, at equal mean delay of the result.

Measured: the bot's schedule (`bot.domain.polling`) on its prior, exactly and without jitter, then over songs
drawn by chance, with jitter, with and without the knowledge that the first clip is ready; after a model has
become twice as fast or as slow; and with 150 songs placed within five seconds. Against: a poller with a fixed
interval and the best schedule there is (dynamic programming), both set to the same mean delay; the bot's
schedule for a model whose times are known; a single song. Pure calculation: no server, no clock.
"""

import math
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import fmean

from benchmarks.harness.report import Report
from benchmarks.harness.schedules import HORIZON_S, Cost, SongTimes, at_delay, best, cost_of, fixed, own
from bot.domain.polling import (
    FIRST_CLIP_SHARE,
    FIRST_CLIP_SIGMA,
    POLL_COST_S,
    PRIOR_MEDIAN_S,
    PRIOR_SIGMA,
    DurationStats,
    PollLimits,
    TokenBucket,
    interval_s,
    with_jitter,
)

SONGS, QUICK_SONGS = 20_000, 2_000
AT_MOST_FIXED = 0.62
WITHIN_BEST = 1.10
SONGS_BEFORE, SONGS_AFTER, HISTORIES = 600, 50, 10
"""Songs of a model before and after its speed changes, and how many such models the mean is taken of."""
WITHIN_INFORMED = 1.15
BURST, BURST_S = 150, 5.0
TICK_S = 0.1


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
    for name, speed in (("twice as fast", 0.5), ("half as fast", 2.0)):
        _add_change(report, name, speed)
    _add_burst(report)
    return report


def _add_change(report: Report, name: str, slower: float) -> None:
    """Compare the schedule after a change of speed with that for a model whose times are known."""
    times, limits = SongTimes(PRIOR_MEDIAN_S * slower), PollLimits()
    known = DurationStats(10**6, math.log(times.median_s), 10**6 * times.sigma**2)
    informed = cost_of(own(limits, known), times)
    costs = [cost_of(own(limits, _learned(slower, random.Random(seed))), times) for seed in range(HISTORIES)]
    cost = Cost(fmean(one.polls for one in costs), fmean(one.delay_s for one in costs))
    what = f"a model {name}, {SONGS_AFTER} songs later"
    report.add(what, _words(cost), f"{_words(informed)} if its times were known", samples=HISTORIES)
    over = _price(cost) / _price(informed)
    report.add_target(
        f"{what}: within 15 % of a rule that knows", f"{over - 1:+.1%}", reached=over <= WITHIN_INFORMED
    )


def _learned(slower: float, rng: random.Random) -> DurationStats:
    """Return what is learned of a model whose last songs took `slower` times as long as those before."""
    durations = DurationStats()
    for number in range(SONGS_BEFORE + SONGS_AFTER):
        factor = slower if number >= SONGS_BEFORE else 1.0
        durations = durations.with_song(drawn(rng).ends_s * factor)
    return durations


def _price(cost: Cost) -> float:
    """Return what the schedule makes least: seconds of delay, with polls as seconds."""
    return POLL_COST_S * cost.polls + cost.delay_s


def _add_burst(report: Report) -> None:
    alone, burst = simulated(BURST, by_clip=True), burst_of(BURST)
    report.add(
        f"{BURST} songs placed within {BURST_S:.0f} s",
        f"{burst.cost.polls:.2f} at {burst.cost.delay_s:.2f} s, at most {burst.most_per_s} a second",
        f"{_words(alone)} one by one",
        samples=BURST,
    )
    limit = PollLimits().per_s
    report.add_target(
        f"a burst is polled at most {limit:.0f} times a second, after a second without polls twice as often",
        str(burst.most_per_s),
        reached=burst.most_per_s <= 2 * limit,  # a full bucket, and what it gains in a second
    )


@dataclass(frozen=True, slots=True)
class Burst:
    """What it costs to follow many songs at once."""

    cost: Cost
    most_per_s: int


def burst_of(count: int) -> Burst:
    """Follow songs that were placed within some seconds as the poller does: the longest due first."""
    rng, limits, began_at = random.Random(2), PollLimits(), datetime(2026, 1, 1, tzinfo=UTC)
    songs = [(number * BURST_S / count, drawn(rng)) for number in range(count)]
    due = [
        (at_s + _next_s(song, 0.0, count, limits, rng), at_s, number)
        for number, (at_s, song) in enumerate(songs)
    ]
    bucket, polls, delays_s = TokenBucket(limits.per_s, began_at), Counter[int](), list[float]()
    for tick in range(round(HORIZON_S * 2 / TICK_S)):
        now_s = tick * TICK_S
        for _ in range(bucket.available(began_at + timedelta(seconds=now_s))):
            if not due or min(due)[0] > now_s:
                break
            one = min(due)
            due.remove(one)
            bucket.spend(1)
            polls[int(now_s)] += 1
            _, at_s, number = one
            song, age_s = songs[number][1], now_s - at_s
            if age_s >= song.ends_s:
                delays_s.append(age_s - song.ends_s)
            else:
                due.append((now_s + _next_s(song, age_s, len(due) + 1, limits, rng), at_s, number))
    return Burst(Cost(polls.total() / count, fmean(delays_s)), max(polls.values()))


def _next_s(song: Song, age_s: float, in_flight: int, limits: PollLimits, rng: random.Random) -> float:
    seen_s = age_s if age_s >= song.first_clip_s else None
    interval = interval_s(
        age_s, first_clip_age_s=seen_s and song.first_clip_s, durations=DurationStats(), in_flight=in_flight,
        limits=limits,
    )  # fmt: skip
    return with_jitter(interval, random=rng.random())


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
