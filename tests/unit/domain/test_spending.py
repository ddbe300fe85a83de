from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.quotas import Period, window_of
from bot.domain.spending import Spending, in_period

JUNE = window_of(Period.MONTH, datetime(2026, 6, 3, tzinfo=UTC))
"""It has 30 days."""


def test_what_the_servers_spend_is_added_up() -> None:
    servers = [
        Spending(songs=2, credits=60, last_at=JUNE.starts_at),
        Spending(),
        Spending(songs=1, credits=30),
    ]
    together = in_period(Period.MONTH, JUNE, servers)
    assert (together.songs, together.credits, together.window) == (3, 90, JUNE)


@pytest.mark.parametrize(("days", "expected"), [(0, None), (1.49, None), (1.5, 1800), (15, 180), (30, 90)])
def test_what_a_period_comes_to_is_said_once_enough_of_it_is_over(days: float, expected: int | None) -> None:
    together = in_period(Period.MONTH, JUNE, [Spending(songs=3, credits=90)])
    assert together.expected(JUNE.starts_at + timedelta(days=days)) == expected
