from datetime import UTC, date, datetime

import pytest

from bot.services.credits.reports import DayUse, MemberUse, report_of
from bot.services.repositories.requests import DailyUse

NOW = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
TODAY = NOW.date()


def test_every_day_is_in_a_report_and_those_before_and_after_are_not() -> None:
    uses = [
        DailyUse(date(2026, 11, 18), 1, 1_000, 3),
        DailyUse(date(2026, 11, 19), 1, 40, 3),
        DailyUse(date(2026, 11, 21), 1, 60, 3),
        DailyUse(date(2026, 11, 22), 1, 5, 1),
        DailyUse(TODAY, 2, 7, 1),
        DailyUse(date(2026, 11, 25), 2, 100, 3),
    ]
    report = report_of(uses, guild_id=9, days=3, now=NOW)
    assert (report.guild_id, report.starts_on, report.ends_on) == (9, date(2026, 11, 22), date(2026, 11, 24))
    assert report.days == (
        DayUse(date(2026, 11, 22), 5, 1),
        DayUse(date(2026, 11, 23), 0, 0),
        DayUse(date(2026, 11, 24), 7, 1),
    )
    assert (report.credits, report.songs, report.credits_before) == (12, 2, 100)


def test_members_come_largest_first_with_all_their_songs() -> None:
    uses = [DailyUse(TODAY, 3, 4, 1), DailyUse(TODAY, 1, 4, 1), DailyUse(TODAY, 2, 10, 2)]
    report = report_of(uses, guild_id=9, days=1, now=NOW)
    assert report.members == (MemberUse(2, 10, 2), MemberUse(1, 4, 1), MemberUse(3, 4, 1))


@pytest.mark.parametrize("days", [1, 366])
def test_a_report_without_use_has_its_days_and_nobody(days: int) -> None:
    report = report_of([], guild_id=9, days=days, now=NOW)
    assert (len(report.days), report.members, report.credits, report.songs) == (days, (), 0, 0)


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_report_covers_one_day_to_a_leap_year(days: int) -> None:
    with pytest.raises(ValueError, match="1 to 366"):
        report_of([], guild_id=9, days=days, now=NOW)
