"""Reports of the credits that a server's members used, by day and by member."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.services.repositories.requests import DailyUse

MAX_DAYS = 366
"""The most days of a report: a leap year."""


@dataclass(frozen=True, slots=True)
class DayUse:
    """The credits and songs of one day (UTC)."""

    day: date
    credits: int
    songs: int


@dataclass(frozen=True, slots=True)
class MemberUse:
    """The credits and songs of one member."""

    user_id: int
    credits: int
    songs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The credits that were used in a server, from one day to another inclusive."""

    guild_id: int
    starts_on: date
    ends_on: date
    days: tuple[DayUse, ...]
    """Every day, also those without songs; oldest first."""
    members: tuple[MemberUse, ...]
    """Every member who used credits, most credits first."""
    credits_before: int = 0
    """The credits of as many days before."""

    @property
    def credits(self) -> int:
        """Return the credits of all days."""
        return sum(day.credits for day in self.days)

    @property
    def songs(self) -> int:
        """Return the songs of all days."""
        return sum(day.songs for day in self.days)


def report_of(uses: Iterable[DailyUse], *, guild_id: int, days: int, now: datetime) -> Report:
    """Return the report of the last `days` days (UTC), including the day of `now`.

    Uses of as many days before are only counted; those of other days are ignored.

    Raises:
        ValueError: `days` is not 1 to 366.
    """
    if not 1 <= days <= MAX_DAYS:
        raise ValueError(f"a report covers 1 to {MAX_DAYS} days, not {days}")
    ends_on = now.astimezone(UTC).date()
    span = tuple(ends_on - timedelta(days=back) for back in reversed(range(days)))
    by_day, songs_by_day = Counter[date](), Counter[date]()
    by_member, songs_by_member = Counter[int](), Counter[int]()
    credits_before = 0
    for use in uses:
        if span[0] - timedelta(days=days) <= use.day < span[0]:
            credits_before += use.credits
        if span[0] <= use.day <= ends_on:
            by_day[use.day] += use.credits
            songs_by_day[use.day] += use.songs
            by_member[use.user_id] += use.credits
            songs_by_member[use.user_id] += use.songs
    members = (MemberUse(user, spent, songs_by_member[user]) for user, spent in by_member.items())
    return Report(
        guild_id=guild_id,
        starts_on=span[0],
        ends_on=ends_on,
        credits_before=credits_before,
        days=tuple(DayUse(day, by_day[day], songs_by_day[day]) for day in span),
        members=tuple(sorted(members, key=lambda use: (-use.credits, -use.songs, use.user_id))),
    )
