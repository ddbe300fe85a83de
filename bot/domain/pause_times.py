"""The end of a pause as moderators type it: how long it lasts, or when it ends."""

import re
from datetime import UTC, datetime, time, timedelta

from bot.domain.moderator_errors import PauseEndError

LONGEST_PAUSE = timedelta(days=365)
"""How far ahead a pause can end; a longer one needs no end."""
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = r"(\d{1,5})\s*(m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)"
_DURATION = re.compile(rf"{_PART}(?:(?:\s|,|and)*{_PART})*")
_TIMESTAMP = re.compile(r"<t:(\d{1,11})(?::\w)?>")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOMENT = re.compile(
    rf"(?:(?P<date>\d{{4}}-\d\d-\d\d)|(?P<day>today|tomorrow|(?:{'|'.join(_WEEKDAYS)})[a-z]*))?"
    r"(?:(?:^|\s+(?:at\s+)?|t)(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d))?\s*(?P<half>am|pm)?)?"
)
_AROUND = re.compile(r"^(?:(?:until|till|for|in|at|on)\s+)+|\s*(?:utc|gmt|o'clock)$")


def parse_pause_end(text: str, now: datetime) -> datetime:
    """Return the end that a text means: "2h", "1 day 6 hours", "18:00", "monday 9 am", "2026-12-24 18:00".

    Times of day are in UTC, the next such time; a day alone means its beginning. Discord's own timestamps
    (`<t:1766599200>`) are understood, too.

    Raises:
        PauseEndError: it means no time within the coming year.
    """
    words = _AROUND.sub("", _AROUND.sub("", " ".join(text.casefold().split())))
    try:
        end = _end(words, now)
    except (ValueError, OverflowError):
        end = None
    if end is None or not now < end <= now + LONGEST_PAUSE:
        raise PauseEndError(text)
    return end


def _end(words: str, now: datetime) -> datetime | None:
    """Return the time that the words mean, wherever it lies; None or an error if they mean none."""
    if _DURATION.fullmatch(words):
        parts = re.findall(_PART, words)
        return now + sum((timedelta(**{_UNITS[unit[0]]: int(n)}) for n, unit in parts), timedelta())
    if stamp := _TIMESTAMP.fullmatch(words):
        return datetime.fromtimestamp(int(stamp[1]), UTC)
    moment = _MOMENT.fullmatch(words)
    if moment is None or not words:
        return None
    return _at(moment, now)


def _at(moment: re.Match[str], now: datetime) -> datetime | None:
    """Return the time of a day, of a time of day, or of both."""
    day, date, hour = moment["day"], moment["date"], moment["hour"]
    if hour is not None and moment["minute"] is None and moment["half"] is None:
        return None  # "18" can mean minutes, hours or a time of day
    at = _time_of_day(int(hour or 0), int(moment["minute"] or 0), moment["half"])
    if date is not None:
        return datetime.combine(datetime.fromisoformat(date), at, UTC)
    if day is None or day == "today":
        end = datetime.combine(now, at, UTC)
        return end if day or end > now else end + timedelta(days=1)
    if day == "tomorrow":
        return datetime.combine(now + timedelta(days=1), at, UTC)
    ahead = (_WEEKDAYS.index(day[:3]) - now.weekday()) % 7
    end = datetime.combine(now + timedelta(days=ahead), at, UTC)
    return end if end > now else end + timedelta(days=7)


def _time_of_day(hour: int, minute: int, half: str | None) -> time:
    """Return the time of day; with `half`, by a clock of twelve hours."""
    if half is None:
        return time(hour, minute)
    if not 1 <= hour <= 12:
        raise ValueError(f"{hour} {half}")
    return time(hour % 12 + 12 * (half == "pm"), minute)
