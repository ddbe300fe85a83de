from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.caps import ALL_GUILDS, Cap, CapConfig, CapRecord
from bot.domain.quotas import Period, window_of

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
WINDOW = window_of(Period.MONTH, NOW)
GUILD = 7


def cap(credits_: int, spent: int) -> Cap:
    return Cap(guild_id=GUILD, credits=credits_, spent=spent, period=Period.MONTH, window=WINDOW)


def test_a_servers_own_cap_comes_before_that_of_the_settings() -> None:
    config = CapConfig(server=300, total=900)
    assert [CapRecord().limit(scope, config) for scope in (GUILD, ALL_GUILDS)] == [300, 900]
    assert CapRecord(credits=0).limit(GUILD, config) == 0
    assert CapRecord().limit(GUILD, CapConfig()) is None


def test_what_was_spent_before_counts_in_its_own_window_only() -> None:
    record = CapRecord(period=Period.MONTH, opened_in=WINDOW.key, spent_before=60)
    assert record.spent_earlier(WINDOW) == 60
    assert record.spent_earlier(window_of(Period.MONTH, WINDOW.ends_at)) == 0


@pytest.mark.parametrize(
    ("credits_", "spent", "news"),
    [
        (300, 0, None),
        (300, 239, None),
        (300, 240, 80),
        (300, 270, 80),
        (300, 271, 100),
        (300, 390, 100),
        (20, 0, 100),
        (0, 0, None),
        (0, 90, None),
    ],
)
def test_the_owner_is_told_at_four_fifths_and_when_no_song_is_left(
    credits_: int, spent: int, news: int | None
) -> None:
    assert cap(credits_, spent).news(30) == news


def test_the_owner_is_told_once_of_each_cap_in_each_window() -> None:
    told = replace(cap(300, 250), told_of=cap(300, 0).occasion, told=80)
    assert told.news(30) is None
    assert replace(told, spent=280).news(30) == 100
    assert replace(told, spent=250, told=100).news(30) is None
    assert replace(told, credits=310).news(30) == 80
    assert replace(told, window=window_of(Period.MONTH, WINDOW.ends_at)).news(30) == 80


def test_what_is_left_is_never_below_zero() -> None:
    assert (cap(300, 390).left, cap(300, 100).left) == (0, 200)
    assert (cap(1, 0).is_total, replace(cap(1, 0), guild_id=ALL_GUILDS).is_total) == (False, True)
