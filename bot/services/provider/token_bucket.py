"""A token bucket that limits the rate of polls."""

from datetime import datetime


class TokenBucket:
    """A token bucket that holds the tokens of one second, at least one."""

    def __init__(self, per_s: float, now: datetime) -> None:
        self._per_s = per_s
        self._tokens = self._capacity
        self._at = now

    @property
    def _capacity(self) -> float:
        return max(1.0, self._per_s)

    def set_rate(self, per_s: float) -> None:
        """Gain `per_s` tokens a second from now on."""
        self._per_s = per_s

    def available(self, now: datetime) -> int:
        """Return how many tokens can be spent now."""
        gained = (now - self._at).total_seconds() * self._per_s
        self._tokens = min(self._capacity, self._tokens + max(0.0, gained))
        self._at = now
        return int(self._tokens)

    def spend(self, count: int) -> None:
        """Spend `count` tokens."""
        self._tokens -= count
