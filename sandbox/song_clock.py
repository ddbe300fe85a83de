"""The local provider's time, which can be held so that a song is not finished too early."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class SongClock:
    """Seconds since the epoch, less the time for which the clock was held."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._behind_s = 0.0
        self._limit_s: float | None = None

    def __call__(self) -> float:
        """Return the time by this clock."""
        now_s = self._source() - self._behind_s
        if self._limit_s is not None and now_s > self._limit_s:
            self._behind_s += now_s - self._limit_s
            return self._limit_s
        return now_s

    @contextmanager
    def no_later_than(self, limit_s: float) -> Iterator[None]:
        """Hold the clock at that time inside the context if it gets there; afterwards it goes on."""
        self._limit_s = limit_s
        try:
            yield
        finally:
            self()
            self._limit_s = None
