"""Leases of claimed work, and the longest times that anything can be due ahead."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_LEASE = timedelta(minutes=5)
"""The longest lease; one that ends later was taken before the clock was set back."""
LONGEST_PAUSE = timedelta(minutes=30)
"""The longest pause; what is due later was deferred before the clock was set back."""
LONGEST_WAIT = timedelta(minutes=20)
"""The longest that a retry is deferred, whatever was asked for. It is far below `LONGEST_PAUSE`, so that no
process with another clock takes it for one from before a clock was set back, which would be due at once."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The owner of claimed work, and until when nobody else can claim it."""

    owner: str
    until: datetime


def lease_until(now: datetime, lease_s: float) -> datetime:
    """Return the end of a lease that is taken or extended now."""
    return now + timedelta(seconds=lease_s)


def defer(now: datetime, pause_s: float) -> datetime:
    """Return the time of a retry after `pause_s` seconds, at most `LONGEST_WAIT` from now."""
    return now + min(timedelta(seconds=pause_s), LONGEST_WAIT)
