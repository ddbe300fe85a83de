"""How many questions may be asked now, so that all together stay under a rate."""

from datetime import datetime


class TokenBucket:
    """A token bucket that holds one second's worth, and at least one."""

    def __init__(self, per_s: float, now: datetime) -> None:
        self._per_s = per_s
        self._tokens = self._most
        self._at = now

    @property
    def _most(self) -> float:
        return max(1.0, self._per_s)

    def limit(self, per_s: float) -> None:
        """Grow at this rate from now on."""
        self._per_s = per_s

    def available(self, now: datetime) -> int:
        """How many may be spent now."""
        gained = (now - self._at).total_seconds() * self._per_s
        self._tokens = min(self._most, self._tokens + max(0.0, gained))
        self._at = now
        return int(self._tokens)

    def spend(self, count: int) -> None:
        """Take `count` away."""
        self._tokens -= count
