"""Allowances: the credits that a member may spend per window of time."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

PROVIDER_PRICE = 30
"""Credits for a task at a rate of 1 (CQTAI, "Billing & Credits")."""


class Period(StrEnum):
    """The period after which an allowance is renewed, in UTC; a week starts on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Window:
    """One period, from `starts_at` up to but not including `ends_at`."""

    key: str
    """Unique over all periods, for example `2026-W47`."""
    starts_at: datetime
    ends_at: datetime


class Source(StrEnum):
    """The source of a member's allowance; the first one that applies counts."""

    EXCEPTION = "exception"
    """The member's own."""
    ROLE = "role"
    """The largest allowance among the member's roles."""
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The limits of one member; a copy is stored with each request."""

    allowance: int
    """Credits per period."""
    period: Period
    max_active: int
    """Active requests at a time."""
    cooldown_s: int
    """Seconds between two requests."""
    source: Source = Source.EVERYONE
    role_id: int | None = None
    """The role that the allowance comes from, if the source is a role."""


def window_of(period: Period, at: datetime) -> Window:
    """Return the window of the period that contains `at`."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match period:
        case Period.DAY:
            return Window(day.strftime("%Y-%m-%d"), day, day + timedelta(days=1))
        case Period.WEEK:
            monday = day - timedelta(days=day.weekday())
            year, week, _ = monday.isocalendar()
            return Window(f"{year}-W{week:02}", monday, monday + timedelta(days=7))
        case Period.MONTH:
            first = day.replace(day=1)
            following = (first + timedelta(days=32)).replace(day=1)
            return Window(first.strftime("%Y-%m"), first, following)
        case _:
            assert_never(period)


def song_cost(rate: Decimal) -> int:
    """Return the credits for one request at the provider account's rate, rounded up."""
    return math.ceil(PROVIDER_PRICE * rate)
