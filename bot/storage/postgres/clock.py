"""The time of a database server, told without asking it each time."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What the server said its time was, between two moments of the host's own count of seconds."""

    asked_at_s: float
    server_at: datetime
    answered_at_s: float

    @property
    def round_trip_s(self) -> float:
        """How long the answer took; the server's time is known to half of it."""
        return self.answered_at_s - self.asked_at_s


class DatabaseClock:
    """Tells the server's time from the host's count of seconds, which no one sets.

    Until it was set for the first time it tells the host's own time.
    """

    def __init__(self, *, count_s: Callable[[], float] = time.monotonic) -> None:
        self._count_s = count_s
        self._zero_at = datetime.now(UTC) - timedelta(seconds=count_s())

    def __call__(self) -> datetime:
        """The server's time, aware, in UTC."""
        return self._zero_at + timedelta(seconds=self._count_s())

    def count_s(self) -> float:
        """The host's count of seconds, for readings."""
        return self._count_s()

    def set(self, readings: Iterable[ClockReading]) -> None:
        """Go by the reading that was answered fastest: it is the most exact."""
        best = min(readings, key=lambda reading: reading.round_trip_s)
        middle_s = best.asked_at_s + best.round_trip_s / 2
        self._zero_at = best.server_at.astimezone(UTC) - timedelta(seconds=middle_s)
