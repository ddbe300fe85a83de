"""What servers spend in a period: their songs and the credits on hold or used for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.quotas import Period, Window

MIN_SHARE = 0.05
"""The share of a period that has to be over before its end is estimated: a day and a half of a month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """The songs that were finished in a period, and those that are pending."""

    songs: int = 0
    credits: int = 0
    """On hold or used."""
    last_at: datetime | None = None
    """When the last one that is pending was requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSpending:
    """What all servers together spend in the current period of the caps."""

    period: Period
    window: Window
    songs: int
    credits: int

    def expected(self, now: datetime) -> int | None:
        """Return the credits of the whole period at the pace up to now; None if that is too early to say."""
        whole, over = self.window.ends_at - self.window.starts_at, now - self.window.starts_at
        return round(self.credits * (whole / over)) if over / whole >= MIN_SHARE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSpending:
    """What a server spends in the current period, and what it is allowed to."""

    guild_id: int
    songs: int
    credits: int
    cap: int | None
    """Credits per period; None: no cap."""
    has_own_cap: bool
    last_used_at: datetime | None
    has_left: bool
    """True if the bot is not in the server any more."""
    is_served: bool


def in_period(period: Period, window: Window, servers: Iterable[Spending]) -> PeriodSpending:
    """Add up what the servers spend."""
    songs = credits_ = 0
    for one in servers:
        songs, credits_ = songs + one.songs, credits_ + one.credits
    return PeriodSpending(period=period, window=window, songs=songs, credits=credits_)
