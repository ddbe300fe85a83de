"""The settings of how much: allowances and the budget."""

from abc import abstractmethod
from collections.abc import Sequence

from typing_extensions import override

from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import role_members
from bot.chat.messages.settings import ShownSettings, roles_text
from bot.chat.panel.setting import Choice, Control, Setting, ValueControl, which_role
from bot.chat.text import confirmations, panel
from bot.chat.text.quotas import cost_of_role
from bot.domain.audit import Action, AuditFacts
from bot.domain.moderator_errors import ChoiceError
from bot.domain.quotas import Period
from bot.domain.server_settings import role_facts
from bot.services.audit_log import Actor

CREDITS, PERIOD = "credits", "period"
USUAL_SONGS = (0, 1, 2, 3, 5, 10, 20)
"""Allowances that are suggested, in songs."""
USUAL_BUDGETS = (10, 20, 50, 100, 200, 500)
"""Budgets that are suggested, in songs."""


def _credits_control(
    chosen: int | None, usual: Sequence[int], *, cost: int, placeholder: str
) -> ValueControl:
    options = [(panel.credits_choice(songs * cost, cost), str(songs * cost)) for songs in usual]
    return ValueControl(
        part=CREDITS,
        placeholder=placeholder,
        options=options,
        chosen=None if chosen is None else str(chosen),
        other=panel.OTHER_NUMBER,
    )


def _period(choice: Choice) -> Period:
    if choice.chosen not in set(Period):
        raise ChoiceError
    return Period(str(choice.chosen))


def _period_control(chosen: Period) -> ValueControl:
    options = [(panel.every(period), str(period)) for period in Period]
    return ValueControl(part=PERIOD, placeholder=panel.PERIOD, options=options, chosen=str(chosen))


class PeriodicCredits(Setting):
    """A setting of credits in a period."""

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        if choice.part == PERIOD:
            return await self.change(interaction, actor, period=_period(choice))
        return await self.change(interaction, actor, amount=choice.number)

    @abstractmethod
    async def change(
        self,
        interaction: GuildInteraction,
        actor: Actor,
        *,
        amount: int | None = None,
        period: Period | None = None,
    ) -> str:
        """Set the credits and the period; None: as it was. Return what to say."""


class EveryoneAllowance(PeriodicCredits):
    """The allowance of everyone, and how often it is renewed."""

    action = Action.EVERYONE_ALLOWANCE
    name = panel.EVERYONE

    @override
    def value(self, shown: ShownSettings) -> str:
        return panel.each(shown.policy.allowance, shown.policy.period)

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        policy = shown.policy
        return [
            _credits_control(policy.allowance, USUAL_SONGS, cost=shown.cost, placeholder=panel.CREDITS_EACH),
            _period_control(policy.period),
        ]

    @override
    async def change(
        self,
        interaction: GuildInteraction,
        actor: Actor,
        *,
        amount: int | None = None,
        period: Period | None = None,
    ) -> str:
        services = interaction.services
        before = (await services.guild_settings.effective(actor.guild_id)).policy
        await services.allowances.set_default_allowance(actor, amount=amount, period=period)
        return confirmations.default_allowance_set(
            before.allowance if amount is None else amount, before, period
        )

    @override
    def question(self, shown: ShownSettings, choice: Choice | None) -> str | None:
        policy, usual = shown.policy, shown.in_force.usual
        if choice is None:
            credits_, period = usual.allowance, usual.period
        elif choice.part == PERIOD:
            credits_, period = policy.allowance, _period(choice)
        else:
            return None
        return None if period is policy.period else confirmations.period_question(credits_, policy, period)


class RoleAllowances(Setting):
    """The allowances of roles; the panel changes the one that was chosen in it."""

    action = Action.ROLE_ALLOWANCE
    name = panel.ROLES

    @override
    def value(self, shown: ShownSettings) -> str:
        return roles_text(shown.settings)

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        role = which_role(shown)
        if shown.role_id is None:
            return [role]
        now = shown.settings.roles.get(shown.role_id)
        amounts = _credits_control(now, USUAL_SONGS, cost=shown.cost, placeholder=panel.CREDITS_ROLE)
        return [role, amounts]

    @override
    def facts(self, shown: ShownSettings) -> AuditFacts:
        return role_facts(shown.settings, shown.role_id or 0)

    @override
    def is_default(self, shown: ShownSettings) -> bool:
        return shown.role_id not in shown.settings.roles

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        if choice.role_id is None:
            raise ChoiceError
        return await self.change(interaction, actor, role_id=choice.role_id, amount=choice.number)

    async def change(
        self, interaction: GuildInteraction, actor: Actor, *, role_id: int, amount: int | None
    ) -> str:
        """Set a role's credits; None: end its allowance."""
        await interaction.services.allowances.set_role_allowance(actor, role_id, amount=amount)
        done = confirmations.role_allowance_set(role_id, amount)
        return done if amount is None else f"{done} {await self.state(interaction, role_id=role_id)}".strip()

    @override
    async def state(self, interaction: GuildInteraction, *, role_id: int | None = None) -> str:
        if role_id is None:
            return ""
        members, services = await role_members(interaction, role_id), interaction.services
        if members is None:
            return ""
        in_force = await services.guild_settings.effective(interaction.guild_id)
        amount, period = in_force.settings.roles.get(role_id), in_force.policy.period
        return cost_of_role(members, amount, period, cost=services.quotas.cost)

    @override
    async def reset(self, interaction: GuildInteraction, actor: Actor, *, role_id: int | None = None) -> str:
        if role_id is None:
            raise ChoiceError
        return await self.change(interaction, actor, role_id=role_id, amount=None)


class ServerBudget(PeriodicCredits):
    """What all members together can spend, and how often it is renewed."""

    action = Action.BUDGET
    name = panel.BUDGET

    @override
    def value(self, shown: ShownSettings) -> str:
        budget, cap = shown.settings.budget, shown.in_force.cap
        own = panel.each(budget.credits, budget.period) if budget else panel.NO_BUDGET
        return own if cap is None else f"{own}\n{panel.owners_limit(cap)}"

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        budget = shown.settings.budget
        amounts = _credits_control(
            budget.credits if budget else None,
            USUAL_BUDGETS,
            cost=shown.cost,
            placeholder=panel.CREDITS_BUDGET,
        )
        return [amounts, _period_control(budget.period)] if budget else [amounts]

    @override
    async def change(
        self,
        interaction: GuildInteraction,
        actor: Actor,
        *,
        amount: int | None = None,
        period: Period | None = None,
    ) -> str:
        await interaction.services.allowances.set_budget(actor, amount=amount, period=period)
        return await self.state(interaction)

    @override
    async def reset(self, interaction: GuildInteraction, actor: Actor, *, role_id: int | None = None) -> str:
        await interaction.services.guild_settings.reset(actor, self.action)
        return await self.state(interaction)

    @override
    async def state(self, interaction: GuildInteraction, *, role_id: int | None = None) -> str:
        return confirmations.budget_set(await interaction.services.quotas.limits(interaction.guild_id))


EVERYONE, ROLES, BUDGET = EveryoneAllowance(), RoleAllowances(), ServerBudget()
