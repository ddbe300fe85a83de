"""Rate limits as Discord keeps them: windows that restart when they are over, or leak all the time."""

import hashlib
import math
from dataclasses import dataclass

from sandbox.discord.limits import Bucket
from sandbox.discord.model.snowflakes import Clock

_ROUNDING = 1e-6
"""Requests; what has leaked is a fraction of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketState:
    """The state of one bucket after a request was counted."""

    key: str
    rule: Bucket
    allowed: bool
    remaining: int
    reset_at_s: float
    """Unix time at which the window ends."""
    reset_after_s: float
    """Seconds until all of it is free again."""
    retry_after_s: float
    """Seconds until one more request is taken, where none is left."""
    scope: str
    """`user`, `shared` or `global`."""

    def headers(self) -> dict[str, str]:
        """Return the rate limit headers of this state."""
        wait = {"X-RateLimit-Scope": self.scope, "Retry-After": str(math.ceil(self.retry_after_s))}
        if not self.allowed and self.scope == "global":
            return wait | {"X-RateLimit-Global": "true"}
        headers = {
            "X-RateLimit-Limit": str(self.rule.requests),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{self.reset_at_s:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after_s:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(self.key.partition(":")[0].encode()).hexdigest()[:32],
        }
        return headers if self.allowed else headers | wait


def refused_bucket(key: str, *, after_s: float, now_s: float, scope: str) -> BucketState:
    """Return the state of a bucket that a fault reports as used up for so long."""
    return BucketState(
        key=key,
        rule=Bucket(requests=1, per_s=after_s),
        allowed=False,
        remaining=0,
        reset_at_s=now_s + after_s,
        reset_after_s=after_s,
        retry_after_s=after_s,
        scope=scope,
    )


@dataclass(slots=True)
class _Window:
    opened_at_s: float
    used: float


class Buckets:
    """All windows of a server, by key; a key is `<route>:<what it is counted per>`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def take(self, key: str, *, rule: Bucket, scope: str = "user") -> BucketState:
        """Count one more request unless it is over the limit, and return the bucket's state."""
        now_s = self._clock().timestamp()
        window = self._present(key, rule, now_s)
        allowed = window.used + 1 <= rule.requests + _ROUNDING
        window.used += allowed
        each_s = rule.per_s / max(rule.requests, 1)
        reset_at_s = now_s + window.used * each_s if rule.leaks else window.opened_at_s + rule.per_s
        one_free_s = (window.used + 1 - rule.requests) * each_s if rule.leaks else reset_at_s - now_s
        return BucketState(
            key=key,
            rule=rule,
            allowed=allowed,
            remaining=max(0, math.floor(rule.requests - window.used + _ROUNDING)),
            reset_at_s=reset_at_s,
            reset_after_s=max(0.001, reset_at_s - now_s),
            retry_after_s=max(0.001, one_free_s),
            scope=scope,
        )

    def used_up(self, key: str, *, rule: Bucket) -> bool:
        """Tell whether there is no request left; count nothing."""
        return self._present(key, rule, self._clock().timestamp()).used + 1 > rule.requests + _ROUNDING

    def _present(self, key: str, rule: Bucket, now_s: float) -> _Window:
        """Return the window as it is now: some of it has leaked, or it is new after its time."""
        window = self._windows.setdefault(key, _Window(now_s, 0.0))
        passed_s = now_s - window.opened_at_s
        if rule.leaks:
            window.used = max(0.0, window.used - passed_s * rule.requests / rule.per_s)
            window.opened_at_s = now_s
        elif passed_s >= rule.per_s:
            window.used, window.opened_at_s = 0.0, now_s
        return window
