"""The service for members' credit statements and servers' reports."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.guild_settings import Budget, policy_for
from bot.domain.ledger import Entry, refilled
from bot.domain.quotas import Period, Policy
from bot.services.credits.holds import budget_left, funding_accounts
from bot.services.credits.reports import Report, report_of
from bot.services.ports import Clock
from bot.services.unit_of_work import Store, UnitOfWork

ENTRIES = 10
"""How many of the last transfers a statement shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One member's credits."""

    available: int
    held: int
    """Held by pending requests, whichever window they were placed in."""
    used: int
    """In the current window."""
    bonus: int
    """Credits without a period, part of `available`."""
    resets_at: datetime
    policy: Policy
    """The limits in force for the member, and their source."""
    budget: "BudgetState | None"
    """The server's budget, if it has one."""
    blocked: str | None
    """The moderator's reason for blocking the member; None if the member is not blocked."""
    backoff_end: datetime | None = None
    """When the member's next request can be submitted, if it is held back."""
    entries: tuple[Entry, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """The credits that all members of a server together can still spend."""

    credits: int
    """Per period."""
    left: int
    period: Period
    resets_at: datetime


class QuotaService:
    """Members' statements and servers' reports."""

    def __init__(self, store: Store, *, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def statement(self, guild_id: int, user_id: int, *, role_ids: Collection[int]) -> Statement:
        """Return the statement of a member with these roles.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(
            statement_of, guild_id, user_id, role_ids, usual=self._policy, now=self._clock()
        )

    async def report(self, guild_id: int, days: int) -> Report:
        """Return what a server's members used in the last `days` days, 1 to 366, including today (UTC).

        Raises:
            StoreError: the database cannot be used.
        """
        now = self._clock()
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        uses = await self._store.read(_uses, guild_id, today - timedelta(days=days - 1))
        return report_of(uses, guild_id=guild_id, days=days, now=now)


def statement_of(
    uow: UnitOfWork, guild_id: int, user_id: int, role_ids: Collection[int], *, usual: Policy, now: datetime
) -> Statement:
    """Return a member's statement; an allowance that is not opened yet counts as granted."""
    settings, member = uow.guilds.settings(guild_id), uow.members.find(guild_id, user_id)
    policy = policy_for(usual, settings, member, role_ids)
    funding = funding_accounts(guild_id, user_id, member=member, policy=policy, now=now)
    allowance = refilled(uow.ledger.balance(funding.allowance.id), policy.allowance)
    bonus = uow.ledger.balance(funding.bonus.id).available
    return Statement(
        available=allowance.available + bonus,
        held=uow.ledger.held_by(guild_id, user_id),
        used=allowance.used,
        bonus=bonus,
        resets_at=funding.window.ends_at,
        policy=policy,
        budget=_budget_state(uow, guild_id, settings.budget, now) if settings.budget else None,
        blocked=member.blocked,
        backoff_end=member.backoff_end(now),
        entries=tuple(uow.ledger.entries(guild_id, user_id, limit=ENTRIES)),
    )


def _budget_state(uow: UnitOfWork, guild_id: int, budget: Budget, now: datetime) -> BudgetState:
    balance, window = budget_left(uow, guild_id, budget, now)
    return BudgetState(
        credits=budget.credits,
        left=refilled(balance, budget.remaining_target(window)).available,
        period=budget.period,
        resets_at=window.ends_at,
    )


def _uses(uow: UnitOfWork, guild_id: int, since: datetime) -> list[tuple[datetime, int, int]]:
    return uow.ledger.uses(guild_id, since=since)
