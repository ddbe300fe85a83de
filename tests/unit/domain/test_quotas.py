from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.quotas import Period, song_cost, window_of


@pytest.mark.parametrize(
    ("period", "key", "starts", "ends"),
    [
        (Period.DAY, "2026-11-22", (2026, 11, 22), (2026, 11, 23)),
        (Period.WEEK, "2026-W47", (2026, 11, 16), (2026, 11, 23)),
        (Period.MONTH, "2026-11", (2026, 11, 1), (2026, 12, 1)),
    ],
)
def test_windows_of_a_sunday_evening(
    period: Period, key: str, starts: tuple[int, int, int], ends: tuple[int, int, int]
) -> None:
    window = window_of(period, datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC))
    assert window.key == key
    assert window.starts_at == datetime(*starts, tzinfo=UTC)
    assert window.ends_at == datetime(*ends, tzinfo=UTC)


def test_a_week_across_new_year_has_one_key() -> None:
    before = window_of(Period.WEEK, datetime(2026, 12, 31, tzinfo=UTC))
    after = window_of(Period.WEEK, datetime(2027, 1, 3, tzinfo=UTC))
    assert before == after
    assert before.key == "2026-W53"


def test_windows_are_in_utc_wherever_the_clock_stands() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert window_of(Period.DAY, datetime(2026, 11, 22, 8, 0, tzinfo=tokyo)).key == "2026-11-21"


@given(
    st.sampled_from(Period),
    # hypothesis wants bounds without a zone, and adds it
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive limits
)
def test_windows_follow_each_other_without_gap_or_overlap(period: Period, at: datetime) -> None:
    window = window_of(period, at)
    assert window.starts_at <= at < window.ends_at
    following = window_of(period, window.ends_at)
    assert following.starts_at == window.ends_at
    assert following.key != window.key


@pytest.mark.parametrize(("rate", "cost"), [("1", 30), ("0.5", 15), ("1.01", 31), ("0.001", 1), ("2", 60)])
def test_a_song_costs_30_times_the_rate_rounded_up(rate: str, cost: int) -> None:
    assert song_cost(Decimal(rate)) == cost
