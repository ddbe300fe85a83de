"""The weekly digest of a server: what it says, when it is due, and which week it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.quotas import Period, window_of
from bot.domain.shared_limits import SharedLimits

MORNING = timedelta(hours=8)
"""The time of Monday (UTC) from which digests are posted: Sunday's last songs have ended by then."""
SPREAD_S = 3600
"""Seconds over which the digests of all servers are spread, so that they do not come at once."""


@dataclass(frozen=True, slots=True)
class WeekSum:
    """What the requests came to that ended in a week."""

    requests: int
    songs: int
    credits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What a week came to in a server; a request counts in the week in which it ended."""

    guild_id: int
    week: str
    """The week's key, for example `2026-W47`."""
    starts_on: date
    ends_on: date
    total: WeekSum
    before: WeekSum
    """The week before."""
    failures: Mapping[str, int]
    """How many requests had no song, by the kind of failure, or by the state of those without one."""
    asked_most: tuple[tuple[int, int], ...]
    """The ids of the members with the most requests, and how many."""
    awaiting: int
    """Requests that await approval now."""
    limits: SharedLimits
    """What the server shares now."""

    @property
    def is_quiet(self) -> bool:
        """Return True if there is nothing to tell."""
        return not self.total.requests and not self.awaiting


def next_digest(guild_id: int, now: datetime) -> datetime:
    """Return when the server's next digest is due."""
    due_at = window_of(Period.WEEK, now).starts_at + MORNING + timedelta(seconds=(guild_id >> 22) % SPREAD_S)
    return due_at if due_at > now else due_at + timedelta(weeks=1)


def last_whole_week(now: datetime) -> tuple[str, date]:
    """Return the key and the last day of the last week that is over."""
    last = window_of(Period.WEEK, now).starts_at - timedelta(days=1)
    return window_of(Period.WEEK, last).key, last.date()
