"""The local provider's time, which can be made to wait: so that a song is not finished before its cue."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class SongClock:
    """Seconds since the epoch, less the time for which it has stood still."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._behind_s = 0.0
        self._limit_s: float | None = None

    def __call__(self) -> float:
        """The time by this clock."""
        now_s = self._source() - self._behind_s
        if self._limit_s is not None and now_s > self._limit_s:
            self._behind_s += now_s - self._limit_s
            return self._limit_s
        return now_s

    @contextmanager
    def no_later_than(self, limit_s: float) -> Iterator[None]:
        """Inside, the clock stands still at that time if it gets there; afterwards it goes on from there."""
        self._limit_s = limit_s
        try:
            yield
        finally:
            self()
            self._limit_s = None
