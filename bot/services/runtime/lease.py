"""Having something in hand, for a while, and how far ahead anything may be due."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_LEASE = timedelta(minutes=5)
"""No lease is longer; one that ends later was taken before the clock was set back."""
LONGEST_PAUSE = timedelta(minutes=30)
"""Nothing is put off for longer; what is due later was put off before the clock was set back."""
LONGEST_WAIT = timedelta(minutes=20)
"""What is asked to wait for longer is tried sooner: so far below `LONGEST_PAUSE`, no process's clock takes it
for one that was put off before the clock was set back, which would be due at once."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who has something in hand, and until when nobody else may take it."""

    owner: str
    until: datetime


def lease_until(now: datetime, lease_s: float) -> datetime:
    """Return until when something that is claimed or kept now is in hand."""
    return now + timedelta(seconds=lease_s)


def defer(now: datetime, pause_s: float) -> datetime:
    """Give when something is tried again that has to wait, as far ahead as is believed."""
    return now + min(timedelta(seconds=pause_s), LONGEST_WAIT)
