"""The moderators' service for allowances of roles and of everyone, the server's budget, and the audit log."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.audit import Action, AuditEntry
from bot.domain.guild_settings import Budget, GuildSettings
from bot.domain.ledger import budget_account
from bot.domain.moderator_errors import BudgetMissingError, EveryoneRoleError
from bot.domain.quotas import Period, Policy, window_of
from bot.domain.server_settings import role_facts
from bot.services.audit_log import Actor, record_action, with_request_link
from bot.services.moderation.guild_settings import update_settings
from bot.services.moderation.members import check_amount
from bot.services.ports import Clock
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

LOG_ENTRIES = 15
"""How many of the last audit entries are shown."""


class Allowances:
    """A server's allowances and its budget; a change takes effect when a member next places a request."""

    def __init__(self, store: Store, *, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def set_role_allowance(self, actor: Actor, role_id: int, *, amount: int | None) -> GuildSettings:
        """Set a role's credits per period; None removes its allowance. Returns the settings.

        Raises:
            EveryoneRoleError: the role is @everyone; nothing was changed.
            AmountError: the amount is out of range; nothing was changed.
        """
        if role_id == actor.guild_id:
            raise EveryoneRoleError
        checked = None if amount is None else check_amount("credits", amount)
        return await self._store.write(_set_role_allowance, actor, role_id, checked, self._clock())

    async def set_default_allowance(
        self, actor: Actor, *, amount: int | None = None, period: Period | None = None
    ) -> GuildSettings:
        """Set everyone's credits per period; None: as it was. Returns the settings.

        Raises:
            AmountError: the amount is out of range; nothing was changed.
        """
        checked = None if amount is None else check_amount("credits", amount)
        return await self._store.write(
            _set_default_allowance, actor, checked, period, self._policy, self._clock()
        )

    async def set_budget(
        self, actor: Actor, *, amount: int | None = None, period: Period | None = None
    ) -> GuildSettings:
        """Set what all members together can spend per period; None: as it was. Returns the settings.

        Raises:
            AmountError: the amount is out of range; nothing was changed.
            BudgetMissingError: no amount is given or set; nothing was changed.
        """
        checked = None if amount is None else check_amount("credits", amount)
        return await self._store.write(_set_budget, actor, checked, period, self._policy, self._clock())

    async def audit_log(self, guild_id: int, *, subject_id: int | None = None) -> Sequence[AuditEntry]:
        """Return the server's last audit entries, newest first; only those about `subject_id` if it is given.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(_audit_log, guild_id, subject_id)


def _audit_log(uow: UnitOfWork, guild_id: int, subject_id: int | None) -> list[AuditEntry]:
    entries = uow.audit_log.page(guild_id, subject_id=subject_id, limit=LOG_ENTRIES)
    return [with_request_link(uow, entry) for entry in entries]


@unit_of_work("allowances.set_role")
def _set_role_allowance(
    uow: UnitOfWork, actor: Actor, role_id: int, amount: int | None, now: datetime
) -> GuildSettings:
    settings = uow.guilds.get_for_update(actor.guild_id)
    others = {known: credits_ for known, credits_ in settings.roles.items() if known != role_id}
    after = replace(settings, roles=others if amount is None else others | {role_id: amount})
    if record_action(
        uow,
        actor,
        Action.ROLE_ALLOWANCE,
        subject_id=role_id,
        before=role_facts(settings, role_id),
        after=role_facts(after, role_id),
        now=now,
    ):
        uow.guilds.update(actor.guild_id, after)
        return after
    return settings


@unit_of_work("allowances.set_default")
def _set_default_allowance(
    uow: UnitOfWork, actor: Actor, amount: int | None, period: Period | None, usual: Policy, now: datetime
) -> GuildSettings:
    def change(settings: GuildSettings) -> GuildSettings:
        allowance = settings.allowance if amount is None else amount
        return replace(settings, allowance=allowance, period=period or settings.period)

    return update_settings(uow, actor, Action.EVERYONE_ALLOWANCE, change, usual, now)


@unit_of_work("allowances.set_budget")
def _set_budget(
    uow: UnitOfWork, actor: Actor, amount: int | None, period: Period | None, usual: Policy, now: datetime
) -> GuildSettings:
    def change(settings: GuildSettings) -> GuildSettings:
        before = settings.budget
        if before is None and amount is None:
            raise BudgetMissingError
        credits_ = before.credits if before and amount is None else amount or 0
        kept = before.period if before else settings.period or usual.period
        budget = new_budget(uow, actor.guild_id, before, credits_, period or kept, now)
        return replace(settings, budget=budget)

    return update_settings(uow, actor, Action.BUDGET, change, usual, now)


def new_budget(
    uow: UnitOfWork, guild_id: int, before: Budget | None, amount: int, period: Period, now: datetime
) -> Budget:
    """Return a budget of `amount` credits per period.

    What was spent earlier in its first window counts, except what another budget counted already.
    """
    if before is not None and before.period is period:
        return replace(before, credits=amount)
    window = window_of(period, now)
    counted = uow.ledger.balance(budget_account(guild_id, window).id)
    spent = uow.usage.spent(guild_id, since=window.starts_at.date()) - counted.held - counted.used
    return Budget(credits=amount, period=period, opened_in=window.key, spent_before=max(0, spent))
