"""A clock that is set by hand."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
"""A Wednesday noon."""
PROVIDER_START = datetime(2026, 1, 9, 11, 37, 16, tzinfo=UTC)
"""The time in the examples of the provider's documentation."""


class FakeClock:
    """A clock that stands still until it is advanced."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        """Return the time in seconds, for what counts in them."""
        return self.now.timestamp()

    def advance(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)
