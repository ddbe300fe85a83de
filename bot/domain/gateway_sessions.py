"""Limits on new sessions at Discord's gateway, and the pauses between them.

Discord resets a bot's token after 1,000 sessions in a day (reference, "Gateway", "Identifying").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.retry_policy import RetryPolicy

WINDOW = timedelta(hours=1)
"""How long a session counts after its start."""
FREE_SESSIONS = 5
"""Sessions of a shard within the window that need no pause before the next one."""
SESSION_PAUSES = RetryPolicy(first_s=5.0, max_s=900.0)
"""The pauses of a shard that has used up its free sessions."""
RESERVED_SHARE = 20
"""One in this many sessions is left for the operator, who has to restart a bot that fails."""


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


def pause_s(begun: Sequence[datetime], now: datetime, *, policy: RetryPolicy = SESSION_PAUSES) -> float:
    """Return the seconds until a shard may start another session, given its earlier starts."""
    recent = within_window(begun, now)
    delay_s = policy.delay_s(len(recent) - FREE_SESSIONS + 1)
    return max(0.0, delay_s - (now - max(recent, default=now)).total_seconds())
