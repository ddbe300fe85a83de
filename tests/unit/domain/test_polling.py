import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.polling import (
    POLLS_PER_SONG,
    PRIOR_MEDIAN_S,
    PRIOR_SIGMA,
    DurationStats,
    PollLimits,
    hazard,
    interval_s,
    load_factor,
    with_jitter,
)

PRIOR = DurationStats()


def interval(age_s: float, *, first_clip_age_s: float | None = None, in_flight: int = 1) -> float:
    return interval_s(
        age_s, first_clip_age_s=first_clip_age_s, durations=PRIOR, in_flight=in_flight, limits=PollLimits()
    )


def questions_and_delay(songs: int) -> tuple[float, float]:
    rng = random.Random(7)
    asked = delay_s = 0.0
    for _ in range(songs):
        takes_s = PRIOR_MEDIAN_S * math.exp(rng.gauss(0, PRIOR_SIGMA))
        age_s = 0.0
        while age_s < takes_s:
            age_s += with_jitter(interval(age_s), random=rng.random())
            asked += 1
        delay_s += age_s - takes_s
    return asked / songs, delay_s / songs


def test_on_the_prior_a_song_needs_14_questions_at_the_delay_of_a_5_s_poller() -> None:
    asked, delay_s = questions_and_delay(1500)
    assert asked == pytest.approx(POLLS_PER_SONG, rel=0.05)
    assert delay_s == pytest.approx(2.5, rel=0.06)


def test_the_hazard_is_that_of_the_lognormal_distribution() -> None:
    def survival(at_s: float) -> float:
        return 0.5 * math.erfc(math.log(at_s / 101) / (0.4 * math.sqrt(2)))

    for age_s in (20.0, 80.0, 101.0, 300.0):
        numeric = -(math.log(survival(age_s + 0.001)) - math.log(survival(age_s - 0.001))) / 0.002
        assert hazard(age_s, median_s=101, sigma=0.4) == pytest.approx(numeric, rel=1e-4)


def test_the_hazard_is_defined_at_every_age() -> None:
    assert hazard(0, median_s=101, sigma=0.4) == 0
    far = hazard(1e9, median_s=101, sigma=0.4)
    assert 0 < far < 1e-6


def test_asking_is_slow_at_first_and_fast_when_songs_usually_finish() -> None:
    assert interval(0) > 20
    assert interval(90) < 7


def test_a_ready_first_clip_makes_asking_faster() -> None:
    assert interval(70, first_clip_age_s=45) < interval(70)


def test_the_budget_is_shared_by_all_in_flight() -> None:
    assert load_factor(1, durations=PRIOR, limits=PollLimits()) == 1
    many = load_factor(1000, durations=PRIOR, limits=PollLimits())
    assert many == pytest.approx(1000 * POLLS_PER_SONG / 101 / 20)
    assert interval(100, in_flight=1000) > 3 * interval(100)


@given(
    st.floats(0, 1e7),
    st.none() | st.floats(0, 1e6),
    st.integers(0, 100_000),
    st.lists(st.floats(0, 1e5), max_size=5),
)
def test_the_interval_stays_within_its_bounds(
    age_s: float, first_clip_age_s: float | None, in_flight: int, seen: list[float]
) -> None:
    durations = PRIOR
    for duration_s in seen:
        durations = durations.with_song(duration_s)
    pace = PollLimits(min_s=1, max_s=30)
    found = interval_s(
        age_s, first_clip_age_s=first_clip_age_s, durations=durations, in_flight=in_flight, limits=pace
    )
    assert 1 <= found <= 30


def test_the_usual_time_is_learned() -> None:
    durations = PRIOR
    assert durations.median_s == pytest.approx(101)
    assert durations.sigma == pytest.approx(0.4)
    for _ in range(200):
        durations = durations.with_song(40)
    assert durations.median_s == pytest.approx(40, rel=0.05)
    assert durations.sigma < 0.3


def test_old_songs_are_forgotten() -> None:
    durations = PRIOR
    for seconds in [101] * 600 + [50] * 50:
        durations = durations.with_song(seconds)
    assert 50 < durations.median_s < 75
    for _ in range(150):
        durations = durations.with_song(50)
    assert durations.median_s == pytest.approx(50, rel=0.1)
    assert DurationStats(10**6, durations.mean, 10**5).with_song(50).sigma < 0.4


def test_jitter_spreads_by_a_tenth() -> None:
    assert with_jitter(10, random=0) == pytest.approx(9)
    assert with_jitter(10, random=1) == pytest.approx(11)
