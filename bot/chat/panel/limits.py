"""The settings of how many requests there can be at a time, and how far apart."""

from collections.abc import Sequence

from typing_extensions import override

from bot.chat.interactions.context import GuildInteraction
from bot.chat.messages.settings import ShownSettings, lines_that_fit
from bot.chat.panel.setting import Choice, Control, Setting, ValueControl, which_role
from bot.chat.text import confirmations, panel
from bot.chat.text.quotas import limits_of, role_limits_of
from bot.domain.audit import Action, AuditFacts
from bot.domain.guild_settings import RoleLimits
from bot.domain.moderator_errors import ChoiceError, WaitingOfRoleError
from bot.domain.server_settings import role_limit_facts
from bot.services.audit_log import Actor

ACTIVE, COOLDOWN, WAITING = "active", "cooldown", "waiting"
USUAL_ACTIVE = (1, 2, 3, 5, 10)
USUAL_WAITING = (5, 10, 20, 30, 50)
USUAL_COOLDOWNS_S = (0, 30, 60, 300, 900, 3_600)


def _of_a_member(max_active: int | None, cooldown_s: int | None) -> list[Control]:
    """Return the controls of a member's limits, of which these are in force."""
    return [
        ValueControl(
            part=ACTIVE,
            placeholder=panel.ACTIVE,
            options=[(panel.at_a_time(number), str(number)) for number in USUAL_ACTIVE],
            chosen=None if max_active is None else str(max_active),
            other=panel.OTHER_NUMBER,
        ),
        ValueControl(
            part=COOLDOWN,
            placeholder=panel.COOLDOWN,
            options=[(panel.between(pause_s), str(pause_s)) for pause_s in USUAL_COOLDOWNS_S],
            chosen=None if cooldown_s is None else str(cooldown_s),
            other=panel.OTHER_NUMBER,
        ),
    ]


class MemberLimits(Setting):
    """How many requests a member can have at a time, and how far apart they are."""

    action = Action.LIMITS
    name = panel.LIMITS

    @override
    def value(self, shown: ShownSettings) -> str:
        policy, waiting = shown.policy, panel.wait_at_most(shown.in_force.max_waiting)
        return f"{limits_of(policy.max_active, policy.cooldown_s)}; {waiting}"

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        policy, most = shown.policy, shown.in_force.usual_waiting
        return [
            *_of_a_member(policy.max_active, policy.cooldown_s),
            ValueControl(
                part=WAITING,
                placeholder=panel.WAITING,
                options=[(panel.wait_at_most(n), str(n)) for n in USUAL_WAITING if n <= most],
                chosen=str(shown.in_force.max_waiting),
                other=panel.OTHER_NUMBER,
            ),
        ]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        if choice.part == ACTIVE:
            return await self.change(interaction, actor, active=choice.number)
        if choice.part == WAITING:
            return await self.change(interaction, actor, waiting=choice.number)
        return await self.change(interaction, actor, cooldown_s=choice.number)

    async def change(
        self,
        interaction: GuildInteraction,
        actor: Actor,
        *,
        active: int | None = None,
        cooldown_s: int | None = None,
        waiting: int | None = None,
    ) -> str:
        """Set the limits of each member and of the server; None: as it was."""
        rules = interaction.services.guild_settings
        await rules.set_limits(actor, active=active, cooldown_s=cooldown_s, waiting=waiting)
        in_force = await rules.effective(actor.guild_id)
        return confirmations.limits_set(in_force.policy, in_force.max_waiting)


class LimitsOfRoles(Setting):
    """The limits of roles' members; the panel changes those of the role that was chosen in it."""

    action = Action.LIMITS
    name = panel.ROLE_LIMITS

    @property
    @override
    def key(self) -> str:
        return "role-limits"

    @override
    def value(self, shown: ShownSettings) -> str:
        limits = sorted(shown.settings.role_limits.items())
        return lines_that_fit([role_limits_of(role, one) for role, one in limits]) or panel.NO_ROLE_LIMITS

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        if shown.role_id is None:
            return [which_role(shown)]
        now = shown.settings.role_limits.get(shown.role_id, RoleLimits())
        return [which_role(shown), *_of_a_member(now.max_active, now.cooldown_s)]

    @override
    def facts(self, shown: ShownSettings) -> AuditFacts:
        return role_limit_facts(shown.settings, shown.role_id or 0)

    @override
    def is_default(self, shown: ShownSettings) -> bool:
        return shown.role_id not in shown.settings.role_limits

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        if choice.role_id is None:
            raise ChoiceError
        if choice.part == ACTIVE:
            return await self.change(interaction, actor, role_id=choice.role_id, active=choice.number)
        return await self.change(interaction, actor, role_id=choice.role_id, cooldown_s=choice.number)

    async def change(
        self,
        interaction: GuildInteraction,
        actor: Actor,
        *,
        role_id: int,
        active: int | None = None,
        cooldown_s: int | None = None,
        waiting: int | None = None,
    ) -> str:
        """Set the limits of a role's members; None: as it was."""
        if waiting is not None:
            raise WaitingOfRoleError
        rules = interaction.services.guild_settings
        await rules.set_role_limits(actor, role_id, active=active, cooldown_s=cooldown_s)
        return await self.state(interaction, role_id=role_id)

    @override
    async def reset(self, interaction: GuildInteraction, actor: Actor, *, role_id: int | None = None) -> str:
        if role_id is None:
            raise ChoiceError
        await interaction.services.guild_settings.end_role_limits(actor, role_id)
        return await self.state(interaction, role_id=role_id)

    @override
    async def state(self, interaction: GuildInteraction, *, role_id: int | None = None) -> str:
        if role_id is None:
            return ""
        settings = (await interaction.services.guild_settings.effective(interaction.guild_id)).settings
        return confirmations.role_limits(role_id, settings.role_limits.get(role_id))


LIMITS, ROLE_LIMITS = MemberLimits(), LimitsOfRoles()
