from datetime import date
from pathlib import Path

import pytest

from bot.services.credits.reports import DayUse, MemberUse, read_report, report_of
from bot.services.repositories.usage import Use
from bot.storage.store import open_store
from tests.unit.storage.databases import fresh, url_of

TODAY = date(2026, 11, 24)


def test_every_day_is_in_a_report_and_those_before_are_only_counted() -> None:
    by_day = {
        date(2026, 11, 19): Use(3, 40),
        date(2026, 11, 21): Use(3, 60),
        date(2026, 11, 22): Use(1, 5),
        TODAY: Use(1, 7),
    }
    report = report_of(by_day, {}, guild_id=9, days=3, today=TODAY)
    assert (report.guild_id, report.starts_on, report.ends_on) == (9, date(2026, 11, 22), date(2026, 11, 24))
    assert report.days == (
        DayUse(date(2026, 11, 22), 5, 1),
        DayUse(date(2026, 11, 23), 0, 0),
        DayUse(date(2026, 11, 24), 7, 1),
    )
    assert (report.credits, report.songs, report.credits_before) == (12, 2, 100)


def test_members_come_largest_first_with_all_their_songs() -> None:
    report = report_of({}, {3: Use(1, 4), 1: Use(1, 4), 2: Use(2, 10)}, guild_id=9, days=1, today=TODAY)
    assert report.members == (MemberUse(2, 10, 2), MemberUse(1, 4, 1), MemberUse(3, 4, 1))


@pytest.mark.parametrize("days", [1, 366])
def test_a_report_without_use_has_its_days_and_nobody(days: int) -> None:
    report = report_of({}, {}, guild_id=9, days=days, today=TODAY)
    assert (len(report.days), report.members, report.credits, report.songs) == (days, (), 0, 0)


@pytest.mark.parametrize("days", [-1, 0, 367])
async def test_a_report_covers_one_day_to_a_leap_year(tmp_path: Path, days: int) -> None:
    async with open_store(url_of(fresh(tmp_path))) as store:
        with pytest.raises(ValueError, match="1 to 366"):
            await store.read(read_report, 9, days, TODAY)
