"""Leases of claimed work, and the longest times that anything can be due ahead."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_LEASE = timedelta(minutes=5)
"""The longest lease; one that ends later was taken before the clock was set back."""
MAX_PAUSE = timedelta(minutes=30)
"""The longest pause; what is due later was deferred before the clock was set back."""
MAX_WAIT = timedelta(minutes=20)
"""The longest time for which a retry is deferred.

It is far below `MAX_PAUSE`: a process with another clock must not conclude that the clock was set back, and
make the retry due at once.
"""


@dataclass(frozen=True, slots=True)
class Lease:
    """The owner of claimed work, and until when nobody else can claim it."""

    owner: str
    until: datetime


def lease_until(now: datetime, lease_s: float) -> datetime:
    """Return the end of a lease that is taken or extended now."""
    return now + timedelta(seconds=lease_s)


def defer(now: datetime, pause_s: float) -> datetime:
    """Return the time of a retry after `pause_s` seconds, at most `MAX_WAIT` from now."""
    return now + min(timedelta(seconds=pause_s), MAX_WAIT)
