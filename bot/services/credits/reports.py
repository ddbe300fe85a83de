"""Reports of the credits that a server's members used, by day, member, playlist and model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.domain.shared_limits import NO_LIMITS, SharedLimits
from bot.services.repositories.usage import NO_USE, UsageKind, Use
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


@dataclass(frozen=True, slots=True)
class ChoiceUse:
    """What the requests came to that chose one playlist, or one model."""

    key: str
    """The playlist's id, or the model."""
    use: Use
    name: str | None = None
    """The name under which the server has saved the playlist."""


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
    songs_before: int = 0
    requests: int = 0
    """The requests that ended, with a song or without one."""
    requests_before: int = 0
    playlists: tuple[ChoiceUse, ...] = ()
    """Most credits first, then most requests."""
    models: tuple[ChoiceUse, ...] = ()
    """The same."""
    limits: SharedLimits = NO_LIMITS
    """What the server shares now."""

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
    before = [use for day, use in by_day.items() if day < span[0]]
    members = (MemberUse(user_id, use.credits, use.songs) for user_id, use in by_member.items() if use.songs)
    return Report(
        guild_id=guild_id,
        starts_on=span[0],
        ends_on=today,
        credits_before=sum(use.credits for use in before),
        songs_before=sum(use.songs for use in before),
        requests=sum(use.requests for day, use in by_day.items() if day >= span[0]),
        requests_before=sum(use.requests for use in before),
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
    saved = {one.playlist_id: one.name for one in uow.playlists.list(guild_id)}
    playlists, models = (
        uow.usage.by_key(guild_id, kind, first, today) for kind in (UsageKind.PLAYLIST, UsageKind.MODEL)
    )
    return replace(
        report_of(by_day, by_member, guild_id=guild_id, days=days, today=today),
        playlists=_choices(playlists, saved),
        models=_choices(models, {}),
    )


def _choices(uses: Mapping[str, Use], names: Mapping[str, str]) -> tuple[ChoiceUse, ...]:
    found = (ChoiceUse(key, use, names.get(key)) for key, use in uses.items())
    return tuple(sorted(found, key=lambda one: (-one.use.credits, -one.use.requests, one.key)))


def _day_use(day: date, use: Use) -> DayUse:
    return DayUse(day, use.credits, use.songs)
