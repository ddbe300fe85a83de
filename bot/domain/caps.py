"""The owner's caps: what a server, and all servers together, may spend in a period."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.quotas import Period, Window

ALL_GUILDS = 0
"""Stands for all servers together where a server's id would be."""
MAX_CAP = 1_000_000_000
"""The largest cap, in credits."""
NEARLY, REACHED = 80, 100
"""The percentages of a cap at which the owner is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapConfig:
    """The owner's caps by the settings."""

    server: int | None = None
    """Credits per period for each server without a cap of its own; None: no cap."""
    total: int | None = None
    """Credits per period for all servers together; None: no cap."""
    period: Period = Period.MONTH

    def configured(self, guild_id: int) -> int | None:
        """Return the cap by the settings for a server, or for all servers together."""
        return self.total if guild_id == ALL_GUILDS else self.server


NO_CAPS = CapConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class CapRecord:
    """The stored facts about the cap of one server, or of all servers together."""

    credits: int | None = None
    """The server's own cap, in place of that in the settings."""
    period: Period | None = None
    """The period whose accounts count every request since `opened_at`; None: a request came without a cap."""
    opened_in: str = ""
    """The key of the window in which that began."""
    opened_at: datetime | None = None
    spent_before: int = 0
    """Credits that were used in that window, or on hold, before that."""
    told_of: str = ""
    """The window and the cap that the owner was last told about."""
    told: int = 0
    """The percentage that the owner was told."""

    def limit(self, guild_id: int, config: CapConfig) -> int | None:
        """Return the cap that is in force; None: none."""
        return config.configured(guild_id) if self.credits is None else self.credits

    def spent_earlier(self, window: Window) -> int:
        """Return what was spent in the window before its account counted every request."""
        return self.spent_before if window.key == self.opened_in else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CapUse:
    """What is spent under a cap, in credits."""

    limit: int
    held: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A cap that is in force, in its current window."""

    guild_id: int
    """`ALL_GUILDS`: for all servers together."""
    credits: int
    spent: int
    """Credits used in the window or on hold; more than `credits` if the cap was lowered."""
    period: Period
    window: Window
    told_of: str = ""
    told: int = 0
    """The percentage that the owner was told of what `told_of` names."""

    @property
    def is_total(self) -> bool:
        """Return True if it is for all servers together."""
        return self.guild_id == ALL_GUILDS

    @property
    def left(self) -> int:
        """Return the credits that can still be spent."""
        return max(0, self.credits - self.spent)

    @property
    def resets_at(self) -> datetime:
        """Return when the whole cap can be spent again."""
        return self.window.ends_at

    @property
    def occasion(self) -> str:
        """Return what the owner is told about once: this cap in this window."""
        return f"{self.window.key} {self.credits}"

    def news(self, cost: int) -> int | None:
        """Return the percentage to tell the owner, if it was not told yet; with `cost` credits for a song."""
        if not self.credits:  # nobody may: that is no news
            return None
        percent = REACHED if self.left < cost else NEARLY if 100 * self.spent >= NEARLY * self.credits else 0
        told = self.told if self.told_of == self.occasion else 0
        return percent if percent > told else None
