"""The pause before a retry."""

from dataclasses import dataclass

MAX_RETRY_AFTER_S = 3600.0
"""Seconds; a longer pause that the other side asks for is cut to this."""
_MAX_STEPS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """A pause that grows by `factor` with each failure in a row, from `first_s` to `max_s` seconds."""

    first_s: float
    max_s: float
    factor: float = 2.0
    max_retry_after_s: float = MAX_RETRY_AFTER_S
    """The cap on a pause that the other side asks for."""

    def delay_s(self, failures: int, *, retry_after_s: float | None = None) -> float:
        """Return the seconds until the next attempt after this many failures in a row; 0 if there was none.

        A pause that the other side asks for is used if it is longer.
        """
        if failures < 1:
            return 0.0
        own_s = min(self.first_s * self.factor ** min(failures - 1, _MAX_STEPS), self.max_s)
        return max(own_s, min(retry_after_s or 0.0, self.max_retry_after_s))
