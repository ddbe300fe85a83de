"""What all members of a server together can still spend: its budget, and the owner's caps."""

from datetime import datetime

from bot.domain.caps import CapConfig
from bot.domain.guild_settings import Budget, GuildSettings
from bot.domain.ledger import refilled
from bot.domain.shared_limits import BudgetState, SharedLimits
from bot.services.credits.caps import caps_of
from bot.services.credits.holds import budget_left
from bot.services.unit_of_work import UnitOfWork


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
