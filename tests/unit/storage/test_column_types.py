from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import sqlite

from bot.storage.column_types import UtcDateTime

SQLITE = sqlite.dialect()
TOKYO = timezone(timedelta(hours=9))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 11, 18), SQLITE)  # noqa: DTZ001 - it is the point


def test_moments_of_any_zone_are_kept_as_text_that_sorts() -> None:
    write = UtcDateTime().dialect_impl(SQLITE).bind_processor(SQLITE)
    read = UtcDateTime().dialect_impl(SQLITE).result_processor(SQLITE, None)
    assert write is not None
    assert read is not None
    evening = datetime(2026, 11, 18, 20, 0, 0, 5, tzinfo=TOKYO)
    later = datetime(2026, 11, 18, 11, 0, 1, tzinfo=UTC)
    assert write(evening) == "2026-11-18 11:00:00.000005"
    assert write(evening) < write(later)
    again = read(write(evening))
    assert isinstance(again, datetime)
    assert (again, again.tzinfo) == (evening, UTC)
    assert read(write(None)) is None


def test_a_moment_that_comes_with_a_zone_is_told_in_utc() -> None:
    moment = UtcDateTime().process_result_value(datetime(2026, 11, 18, 20, tzinfo=TOKYO), SQLITE)
    assert moment is not None
    assert (moment.hour, moment.tzinfo) == (11, UTC)
