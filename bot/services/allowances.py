"""What moderators settle for many: the allowances of roles and of everyone, the budget, and the audit log."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.changes import Action, Change, Facts
from bot.domain.guild_settings import Budget, GuildSettings
from bot.domain.ledger import budget_account
from bot.domain.moderator_errors import EveryoneRoleError
from bot.domain.quota import Period, Policy, window_of
from bot.services.decisions import By, decide
from bot.services.moderation import check_amount
from bot.services.ports import Clock
from bot.services.work import Store, Work, unit_of_work

LOG_ENTRIES = 15
"""How many of the last decisions are shown."""


class Allowances:
    """A server's allowances and its budget; each decision takes effect with a member's next step."""

    def __init__(self, store: Store, *, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def of_role(self, by: By, role_id: int, *, amount: int | None) -> GuildSettings:
        """The settings after the role has so many credits per period; None: none of its own.

        Raises:
            EveryoneRoleError, AmountError: the role or the number will not do; nothing was changed.
        """
        if role_id == by.guild_id:
            raise EveryoneRoleError
        checked = None if amount is None else check_amount("credits", amount)
        return await self._store.write(_of_role, by, role_id, checked, self._clock())

    async def of_everyone(self, by: By, *, amount: int, period: Period | None) -> GuildSettings:
        """The settings after everyone has so many credits; the period stays where none is given.

        Raises:
            AmountError: the number will not do; nothing was changed.
        """
        checked = check_amount("credits", amount)
        return await self._store.write(_of_everyone, by, checked, period, self._policy, self._clock())

    async def budget(self, by: By, *, amount: int | None, period: Period | None) -> GuildSettings:
        """The settings after all members together may spend so many credits per period; None: no limit.

        Raises:
            AmountError: the number will not do; nothing was changed.
        """
        checked = None if amount is None else check_amount("credits", amount)
        return await self._store.write(_budget, by, checked, period, self._policy, self._clock())

    async def log(self, guild_id: int, *, subject_id: int | None = None) -> Sequence[Change]:
        """The server's last decisions, about one member if one is named, newest first.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(
            lambda work: work.changes.of(guild_id, subject_id=subject_id, limit=LOG_ENTRIES)
        )


@unit_of_work("allowances.set_role")
def _of_role(work: Work, by: By, role_id: int, amount: int | None, now: datetime) -> GuildSettings:
    settings = work.guilds.lock(by.guild_id)
    others = {known: credits_ for known, credits_ in settings.roles.items() if known != role_id}
    after = replace(settings, roles=others if amount is None else others | {role_id: amount})
    if decide(
        work,
        by,
        Action.ROLE_ALLOWANCE,
        subject_id=role_id,
        before={"credits": settings.roles.get(role_id)},
        after={"credits": amount},
        now=now,
    ):
        work.guilds.settle(by.guild_id, after)
        return after
    return settings


@unit_of_work("allowances.set_default")
def _of_everyone(
    work: Work, by: By, amount: int, period: Period | None, usual: Policy, now: datetime
) -> GuildSettings:
    settings = work.guilds.lock(by.guild_id)
    after = replace(settings, allowance=amount, period=period or settings.period)
    if decide(
        work,
        by,
        Action.EVERYONE_ALLOWANCE,
        before=_everyones(settings, usual),
        after=_everyones(after, usual),
        now=now,
    ):
        work.guilds.settle(by.guild_id, after)
        return after
    return settings


def _everyones(settings: GuildSettings, usual: Policy) -> Facts:
    credits_ = usual.allowance if settings.allowance is None else settings.allowance
    return {"credits": credits_, "period": settings.period or usual.period}


@unit_of_work("allowances.set_budget")
def _budget(
    work: Work, by: By, amount: int | None, period: Period | None, usual: Policy, now: datetime
) -> GuildSettings:
    settings = work.guilds.lock(by.guild_id)
    before = settings.budget
    if amount is None:
        budget = None
    else:
        kept = before.period if before else settings.period or usual.period
        budget = new_budget(work, by.guild_id, before, amount, period or kept, now)
    if decide(work, by, Action.BUDGET, before=_facts(before), after=_facts(budget), now=now):
        settings = replace(settings, budget=budget)
        work.guilds.settle(by.guild_id, settings)
    return settings


def new_budget(
    work: Work, guild_id: int, before: Budget | None, amount: int, period: Period, now: datetime
) -> Budget:
    """The budget; what was spent earlier in its first window counts, but nothing that a budget counted."""
    if before is not None and before.period is period:
        return replace(before, credits=amount)
    window = window_of(period, now)
    counted = work.ledger.balance(budget_account(guild_id, window).id)
    spent = work.ledger.spent_by_all(guild_id, since=window.starts_at) - counted.held - counted.used
    return Budget(credits=amount, period=period, opened_in=window.key, spent_before=max(0, spent))


def _facts(budget: Budget | None) -> Facts:
    return {"credits": budget.credits if budget else None, "period": budget.period if budget else None}
