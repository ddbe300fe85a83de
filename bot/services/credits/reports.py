"""Reports of the credits that a server's members used, by day and by member."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from bot.services.repositories.usage import NO_USE, Use
from bot.services.unit_of_work import UnitOfWork

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


def report_of(
    by_day: Mapping[date, Use], by_member: Mapping[int, Use], *, guild_id: int, days: int, today: date
) -> Report:
    """Return the report of the last `days` days (UTC), including today.

    Uses of as many days before are only counted; `by_member` has only those of the report's own days.
    """
    span = tuple(today - timedelta(days=back) for back in reversed(range(days)))
    before = (use.credits for day, use in by_day.items() if day < span[0])
    members = (MemberUse(user_id, use.credits, use.songs) for user_id, use in by_member.items())
    return Report(
        guild_id=guild_id,
        starts_on=span[0],
        ends_on=today,
        credits_before=sum(before),
        days=tuple(_day_use(day, by_day.get(day, NO_USE)) for day in span),
        members=tuple(sorted(members, key=lambda use: (-use.credits, -use.songs, use.user_id))),
    )


def read_report(uow: UnitOfWork, guild_id: int, days: int, today: date) -> Report:
    """Return the report of a server's last `days` days, including today.

    Raises:
        ValueError: `days` is not 1 to 366.
    """
    if not 1 <= days <= MAX_DAYS:
        raise ValueError(f"a report covers 1 to {MAX_DAYS} days, not {days}")
    first = today - timedelta(days=days - 1)
    by_day = uow.usage.by_day(guild_id, first - timedelta(days=days), today)
    by_member = uow.usage.by_member(guild_id, first, today)
    return report_of(by_day, by_member, guild_id=guild_id, days=days, today=today)


def _day_use(day: date, use: Use) -> DayUse:
    return DayUse(day, use.credits, use.songs)
