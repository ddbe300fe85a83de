from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.gateway_sessions import SessionLimit, pause_s, within_window

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def ago(*seconds: float) -> list[datetime]:
    return [NOW - timedelta(seconds=second) for second in seconds]


@pytest.mark.parametrize(
    ("total", "remaining", "sessions", "wait_s"),
    [(1000, 51, 1, 0), (1000, 50, 1, 9), (1000, 65, 16, 9), (1, 1, 1, 0), (1, 0, 1, 9), (19, 1, 1, 0)],
)
def test_some_sessions_are_left_for_whoever_mends_the_bot(
    total: int, remaining: int, sessions: int, wait_s: float
) -> None:
    limit = SessionLimit(total=total, remaining=remaining, reset_after_s=9)
    assert limit.wait_s(sessions) == wait_s


def test_sessions_of_the_last_hour_count() -> None:
    begun = ago(3601, 3599, 0, -60)
    assert within_window(begun, NOW) == begun[1:3]


@pytest.mark.parametrize(
    ("begun", "wait_s"),
    [
        ([], 0),
        (ago(1, 2, 3, 4), 0),
        (ago(1, 2, 3, 4, 5), 4),
        (ago(1, 2, 3, 4, 5, 6), 9),
        (ago(6, 7, 8, 9, 10), 0),
        (ago(0, *range(1, 40)), 900),
        (ago(1, 2, 3, 4, 4000), 0),
    ],
)
def test_the_more_sessions_a_shard_has_begun_the_longer_it_waits(
    begun: list[datetime], wait_s: float
) -> None:
    assert pause_s(begun, NOW) == wait_s


def test_a_shard_that_always_ends_at_once_begins_some_three_hundred_sessions_a_day() -> None:
    now, begun = NOW, list[datetime]()
    while now < NOW + timedelta(days=1):
        begun.append(now)
        now += timedelta(seconds=pause_s(begun, now) + 1)
    assert 200 < len(begun) < 350
