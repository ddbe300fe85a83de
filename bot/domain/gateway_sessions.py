"""How often the bot may begin a session at Discord's gateway, and when it tries again.

Discord resets a bot's token after 1,000 sessions in a day (reference, "Gateway", "Identifying").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
"""For how long a session that was begun counts."""
FREE_SESSIONS = 5
"""Sessions of a shard in this time that need no pause before the next one."""
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 900.0
RESERVED_SHARE = 20
"""One session in so many is left for whoever mends the bot."""
LARGEST_RETRY_AFTER_S = 3600.0
"""Seconds; a longer pause that Discord asks for is not believed."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """A pause that doubles with each failure in a row."""

    first_s: float
    longest_s: float
    longest_asked_s: float = LARGEST_RETRY_AFTER_S
    """A longer pause that the other side asks for is not believed."""

    def delay_s(self, failures: int, *, retry_after_s: float | None = None) -> float:
        """Return the seconds until the next try, after so many failures (from 1).

        A pause that the other side asked for is kept when it is the longer one.
        """
        own_s = min(self.first_s * 2.0 ** min(failures - 1, 30), self.longest_s)
        return max(own_s, min(retry_after_s or 0.0, self.longest_asked_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimit:
    """How many sessions may still begin, as `GET /gateway/bot` says."""

    total: int
    remaining: int
    reset_after_s: float

    def wait_s(self, sessions: int) -> float:
        """Return for how long these sessions have to wait, so that none of the reserve is used up."""
        reserve = self.total // RESERVED_SHARE
        return 0.0 if self.remaining >= sessions + reserve else self.reset_after_s


def within_window(begun: Sequence[datetime], now: datetime) -> list[datetime]:
    """Return the beginnings of sessions that still count; one in the future is a clock that was set back."""
    return [at for at in begun if now - WINDOW < at <= now]


def pause_s(begun: Sequence[datetime], now: datetime, *, first_s: float = FIRST_PAUSE_S) -> float:
    """Return the seconds until a shard may begin one more session, after those that it began before."""
    recent = within_window(begun, now)
    excess = len(recent) - FREE_SESSIONS
    if excess < 0 or not recent:
        return 0.0
    own_s = min(first_s * 2.0**excess, LONGEST_PAUSE_S)
    return max(0.0, own_s - (now - max(recent)).total_seconds())
