"""The limits that all members of a server share: its budget, and the owner's caps."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.caps import Cap
from bot.domain.quotas import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """The credits that all members of a server together can still spend by their moderators' budget."""

    credits: int
    """Per period."""
    left: int
    spent: int
    """In this period, with what is on hold; more than `credits` if the budget was set later."""
    period: Period
    resets_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLimits:
    """The limits that all members of a server share."""

    budget: BudgetState | None = None
    server_cap: Cap | None = None
    """The owner's cap on the server."""
    total_cap: Cap | None = None
    """The owner's cap on all servers together."""

    @property
    def tightest(self) -> BudgetState | Cap | None:
        """Return the limit with the fewest credits left; None if there is none."""
        limits = [limit for limit in (self.budget, self.server_cap, self.total_cap) if limit is not None]
        return min(limits, key=lambda limit: limit.left, default=None)


NO_LIMITS = SharedLimits()
