"""Limits on new sessions at Discord's gateway, and the backoff between them.

Discord resets a bot's token after 1,000 sessions in a day (reference, "Gateway", "Identifying").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
"""How long a session counts after its start."""
FREE_SESSIONS = 5
"""Sessions of a shard within the window that need no pause before the next one."""
FIRST_PAUSE_S = 5.0
MAX_PAUSE_S = 900.0
RESERVED_SHARE = 20
"""One in this many sessions is left for the operator, who has to restart a bot that fails."""
MAX_RETRY_AFTER_S = 3600.0
"""Seconds; a longer pause that Discord asks for is cut to this."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """A pause that doubles with each failure in a row."""

    first_s: float
    longest_s: float
    max_retry_after_s: float = MAX_RETRY_AFTER_S
    """The cap on a pause that the other side asks for."""

    def delay_s(self, failures: int, *, retry_after_s: float | None = None) -> float:
        """Return the seconds until the next attempt after this many failures (from 1).

        A pause that the other side asks for is used if it is longer.
        """
        own_s = min(self.first_s * 2.0 ** min(failures - 1, 30), self.longest_s)
        return max(own_s, min(retry_after_s or 0.0, self.max_retry_after_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimit:
    """The bot's session start limit, from `GET /gateway/bot`."""

    total: int
    remaining: int
    reset_after_s: float

    def wait_s(self, sessions: int) -> float:
        """Return the seconds that this many sessions have to wait to leave the reserve untouched."""
        reserve = self.total // RESERVED_SHARE
        return 0.0 if self.remaining >= sessions + reserve else self.reset_after_s


def within_window(begun: Sequence[datetime], now: datetime) -> list[datetime]:
    """Return the session starts that still count; starts in the future mean that the clock was set back."""
    return [at for at in begun if now - WINDOW < at <= now]


def pause_s(begun: Sequence[datetime], now: datetime, *, first_s: float = FIRST_PAUSE_S) -> float:
    """Return the seconds until a shard may start another session, given its earlier starts."""
    recent = within_window(begun, now)
    excess = len(recent) - FREE_SESSIONS
    if excess < 0 or not recent:
        return 0.0
    own_s = min(first_s * 2.0**excess, MAX_PAUSE_S)
    return max(0.0, own_s - (now - max(recent)).total_seconds())
