"""Having something in hand, for a while, and how far ahead anything may be due."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_LEASE = timedelta(minutes=5)
"""No lease is longer; one that ends later was taken before the clock was set back."""
LONGEST_PAUSE = timedelta(minutes=30)
"""Nothing is put off for longer; what is due later was put off before the clock was set back."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who has something in hand, and until when nobody else may take it."""

    owner: str
    until: datetime
