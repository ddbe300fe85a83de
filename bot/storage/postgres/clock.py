"""The time of a database server, without a query for each reading.

Statements are given this time and do not use the server's `now()`: due times, windows of credits and
cooldowns are computed from the same time before the statement, and a server's clock that was set has to be
noticed before anything is claimed by it, so that leases can be extended first (`ClockWatch`).
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The server's time, with the host's count of seconds just before and after the query."""

    sent_at_s: float
    server_at: datetime
    answered_at_s: float

    @property
    def round_trip_s(self) -> float:
        """Return how long the answer took; the reading is exact to half of it."""
        return self.answered_at_s - self.sent_at_s


class DatabaseClock:
    """The server's time, counted on by the host's monotonic clock.

    Until it is set for the first time, it returns the host's time.
    """

    def __init__(self, *, count_s: Callable[[], float] = time.monotonic) -> None:
        self._count_s = count_s
        self._zero_at = datetime.now(UTC) - timedelta(seconds=count_s())

    def __call__(self) -> datetime:
        """Return the server's time as aware UTC."""
        return self._zero_at + timedelta(seconds=self._count_s())

    def count_s(self) -> float:
        """Return the host's count of seconds, for readings."""
        return self._count_s()

    def set(self, readings: Iterable[ClockReading]) -> None:
        """Adopt the reading that was answered fastest, which is the most exact."""
        best = min(readings, key=lambda reading: reading.round_trip_s)
        middle_s = best.sent_at_s + best.round_trip_s / 2
        self._zero_at = best.server_at.astimezone(UTC) - timedelta(seconds=middle_s)
