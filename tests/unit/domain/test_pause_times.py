from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.moderator_errors import PauseEndError
from bot.domain.pause_times import LONGEST_PAUSE, parse_pause_end

NOW = datetime(2026, 11, 28, 17, 30, tzinfo=UTC)
"""A Saturday."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", NOW + timedelta(hours=2)),
        ("30 min", NOW + timedelta(minutes=30)),
        ("90m", NOW + timedelta(minutes=90)),
        ("in 1 hour and 30 minutes", NOW + timedelta(minutes=90)),
        ("1d6h", NOW + timedelta(hours=30)),
        ("for 3 Days, 2 hrs", NOW + timedelta(days=3, hours=2)),
        ("2 weeks", NOW + timedelta(weeks=2)),
        ("365d", NOW + LONGEST_PAUSE),
        ("18:00", NOW.replace(hour=18, minute=0)),
        ("until 18:00 UTC", NOW.replace(hour=18, minute=0)),
        ("9:15", NOW.replace(day=29, hour=9, minute=15)),
        ("17:30", NOW.replace(day=29)),
        ("6pm", NOW.replace(hour=18, minute=0)),
        ("12 am", NOW.replace(day=29, hour=0, minute=0)),
        ("at 12:30 PM", NOW.replace(day=29, hour=12)),
        ("today 20:00", NOW.replace(hour=20, minute=0)),
        ("tomorrow", NOW.replace(day=29, hour=0, minute=0)),
        ("tomorrow at 9.30", NOW.replace(day=29, hour=9)),
        ("Monday", NOW.replace(day=30, hour=0, minute=0)),
        ("sat 18:00", NOW.replace(hour=18, minute=0)),
        ("saturday", NOW.replace(month=12, day=5, hour=0, minute=0)),
        ("on friday 9 am", NOW.replace(month=12, day=4, hour=9, minute=0)),
        ("2026-12-24", datetime(2026, 12, 24, tzinfo=UTC)),
        ("2026-12-24 18:00", datetime(2026, 12, 24, 18, tzinfo=UTC)),
        ("2026-12-24T18:00", datetime(2026, 12, 24, 18, tzinfo=UTC)),
        ("<t:1798135200:R>", datetime.fromtimestamp(1798135200, UTC)),
    ],
)
def test_the_end_of_a_pause_is_typed_as_moderators_would(text: str, expected: datetime) -> None:
    assert parse_pause_end(text, NOW) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "18",
        "soon",
        "25:00",
        "18:60",
        "13 pm",
        "0m",
        "366 days",
        "99999 weeks",
        "-2h",
        "2h ago",
        "today",
        "today 9:00",
        "2026-11-27",
        "2026-02-30",
        "2028-01-01",
        "<t:1:R>",
        "<t:99999999999>",
    ],
)
def test_what_means_no_time_in_the_coming_year_is_refused(text: str) -> None:
    with pytest.raises(PauseEndError) as caught:
        parse_pause_end(text, NOW)
    assert caught.value.text == text


@given(st.text(max_size=30) | st.from_regex(r"[a-z0-9:. ]{1,20}", fullmatch=True))
def test_any_text_means_a_time_in_the_coming_year_or_none(text: str) -> None:
    try:
        end = parse_pause_end(text, NOW)
    except PauseEndError:
        return
    assert NOW < end <= NOW + LONGEST_PAUSE
