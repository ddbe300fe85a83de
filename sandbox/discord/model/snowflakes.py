"""Discord's ids: 64 bits whose upper 42 are the milliseconds since the first of January 2015."""

from collections.abc import Callable
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
"""Discord's epoch in Unix milliseconds (Discord's reference, "Snowflakes")."""

Clock = Callable[[], datetime]
"""The time now, aware, in UTC."""


def utc_now() -> datetime:
    """Return the wall clock's time in UTC."""
    return datetime.now(UTC)


def created_at(snowflake: int) -> datetime:
    """Return when an id was made, to the millisecond."""
    return datetime.fromtimestamp(((snowflake >> 22) + EPOCH_MS) / 1000, UTC)


class Snowflakes:
    """A source of ids of the present time, each larger than the one before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        """Return a new id of the present time."""
        now_ms = int(self._clock().timestamp() * 1000)
        self._last = max((now_ms - EPOCH_MS) << 22, self._last + 1)
        return self._last
