"""What all members of a server together can still spend: its budget, and the owner's caps."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.caps import Cap, CapConfig
from bot.domain.guild_settings import Budget, GuildSettings
from bot.domain.ledger import refilled
from bot.domain.quotas import Period
from bot.services.credits.caps import caps_of
from bot.services.credits.holds import budget_left
from bot.services.unit_of_work import UnitOfWork


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


def shared_limits(
    uow: UnitOfWork, guild_id: int, settings: GuildSettings, config: CapConfig, now: datetime
) -> SharedLimits:
    """Return the limits that the server's members share."""
    caps = {cap.is_total: cap for cap in caps_of(uow, guild_id, config, now)}
    return SharedLimits(
        budget=_budget_state(uow, guild_id, settings.budget, now) if settings.budget else None,
        server_cap=caps.get(False),
        total_cap=caps.get(True),
    )


def _budget_state(uow: UnitOfWork, guild_id: int, budget: Budget, now: datetime) -> BudgetState:
    balance, window = budget_left(uow, guild_id, budget, now)
    return BudgetState(
        credits=budget.credits,
        left=refilled(balance, budget.remaining_target(window)).available,
        spent=balance.held + balance.used + budget.spent_earlier(window),
        period=budget.period,
        resets_at=window.ends_at,
    )
