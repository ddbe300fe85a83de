"""The settings of approval, and of what songs are made of."""

from collections.abc import Sequence
from dataclasses import replace

from typing_extensions import override

from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import can_notify
from bot.chat.messages.choices import CHOICE_LIMIT, model_choices
from bot.chat.messages.settings import ShownSettings, place
from bot.chat.panel.channels import CHANNEL, posting_channel
from bot.chat.panel.setting import ChannelControl, Choice, Chosen, Control, RoleControl, Setting, ValueControl
from bot.chat.text import confirmations, panel
from bot.chat.text.formatting import FIELD_LIMIT, plain, quoted
from bot.domain.audit import Action
from bot.domain.guild_settings import ApprovalChange, ApprovalRules
from bot.domain.models import model_name
from bot.services.audit_log import Actor
from bot.services.moderation.guild_settings import MAX_EXEMPT_ROLES, ChangeRules

MODEL_PART, NAME_PART = "model", "name"
UNCHANGED = ApprovalChange()
PING, DECIDERS, EXEMPT, FREE, SAVED = "ping", "deciders", "exempt", "free", "saved"
SKIP, APPROVE = "skip", "approve"
USUAL_FREE = (0, 1, 2, 3, 5)
"""Numbers of requests a day that are suggested."""
MAX_OPTIONS = 25
"""Options of one select."""


class Approval(Setting):
    """Whether moderators approve each request, and where."""

    action = Action.APPROVAL
    name = panel.APPROVAL

    @override
    def value(self, shown: ShownSettings) -> str:
        rules = shown.settings.approval
        parts = [place(shown.settings.approval_channel_id, panel.NO_APPROVAL, shown.gone)]
        if rules.ping_role_id:
            parts.append(panel.pinged(rules.ping_role_id))
        if rules.decider_role_id:
            parts.append(panel.can_decide(rules.decider_role_id))
        return "; ".join(parts)

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        rules = shown.settings.approval
        return [
            ChannelControl(
                part=CHANNEL, placeholder=panel.APPROVAL_CHANNEL, chosen=shown.settings.approval_channel_id
            ),
            RoleControl(part=PING, placeholder=panel.CHOOSE_PING, chosen=_those(rules.ping_role_id)),
            RoleControl(
                part=DECIDERS, placeholder=panel.CHOOSE_DECIDERS, chosen=_those(rules.decider_role_id)
            ),
        ]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        if choice.part == CHANNEL:
            return await self.change(interaction, actor, choice.chosen)
        role_id = next(iter(choice.role_ids), None)
        if choice.part == PING:
            return await self.change(interaction, actor, rules=lambda now: replace(now, ping_role_id=role_id))
        return await self.change(interaction, actor, rules=lambda now: replace(now, decider_role_id=role_id))

    async def change(
        self,
        interaction: GuildInteraction,
        actor: Actor,
        channel: Chosen | None = None,
        *,
        is_on: bool = False,
        rules: ChangeRules = UNCHANGED,
    ) -> str:
        """Require approval in this channel, or in the one that is set, and change its rules."""
        channel_id = None if channel is None else posting_channel(interaction, channel).id
        settings = await interaction.services.guild_settings.set_approval(
            actor, is_on=is_on, channel_id=channel_id, rules=rules
        )
        words = confirmations.approval_set(settings)
        ping = settings.approval.ping_role_id
        if ping is not None and not can_notify(interaction, ping):
            words += confirmations.role_is_silent(ping)
        return words

    @override
    async def reset(self, interaction: GuildInteraction, actor: Actor, *, role_id: int | None = None) -> str:
        return confirmations.approval_ended(await interaction.services.guild_settings.end_approval(actor))


class Exemptions(Setting):
    """Which requests need no approval."""

    action = Action.APPROVAL
    name = panel.EXEMPTIONS

    @property
    @override
    def key(self) -> str:
        return "exemptions"

    @override
    def value(self, shown: ShownSettings) -> str:
        return confirmations.exempt_from_approval(shown.settings.approval) or panel.NO_EXEMPTIONS

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        rules = shown.settings.approval
        return [
            RoleControl(
                part=EXEMPT,
                placeholder=panel.CHOOSE_EXEMPT,
                chosen=rules.exempt_role_ids,
                most=MAX_EXEMPT_ROLES,
            ),
            ValueControl(
                part=FREE,
                placeholder=panel.CHOOSE_FREE,
                options=[(panel.free(number), str(number)) for number in USUAL_FREE],
                chosen=str(rules.free_per_day),
                other=panel.OTHER_NUMBER,
            ),
            ValueControl(
                part=SAVED,
                placeholder=panel.CHOOSE_SAVED,
                options=[(panel.SAVED_SKIP, SKIP), (panel.SAVED_APPROVE, APPROVE)],
                chosen=SKIP if rules.skips_saved else APPROVE,
            ),
        ]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        if choice.part == EXEMPT:
            roles = choice.role_ids
            return await self._change(interaction, actor, lambda now: replace(now, exempt_role_ids=roles))
        if choice.part == FREE:
            number = choice.number
            return await self._change(interaction, actor, lambda now: replace(now, free_per_day=number))
        skips = choice.chosen == SKIP
        return await self._change(interaction, actor, lambda now: replace(now, skips_saved=skips))

    async def _change(self, interaction: GuildInteraction, actor: Actor, rules: ChangeRules) -> str:
        settings = await interaction.services.guild_settings.set_approval(actor, rules=rules)
        return confirmations.approval_set(settings)

    @override
    def is_default(self, shown: ShownSettings) -> bool:
        return self._default(shown.settings.approval) == shown.settings.approval

    @override
    async def reset(self, interaction: GuildInteraction, actor: Actor, *, role_id: int | None = None) -> str:
        return await self._change(interaction, actor, self._default)

    @staticmethod
    def _default(rules: ApprovalRules) -> ApprovalRules:
        return replace(rules, exempt_role_ids=(), free_per_day=0, skips_saved=False)


def _those(role_id: int | None) -> list[int]:
    return [] if role_id is None else [role_id]


class DefaultModel(Setting):
    """The model for members who choose none."""

    action = Action.MODEL
    name = panel.MODEL

    @override
    def value(self, shown: ShownSettings) -> str:
        return f"`{quoted(model_name(shown.in_force.model), limit=50)}`"

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        options = model_choices(shown.models)[:MAX_OPTIONS]
        chosen = shown.in_force.model
        return [ValueControl(part=MODEL_PART, placeholder=panel.CHOOSE_MODEL, options=options, chosen=chosen)]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        return await self.change(interaction, actor, str(choice.chosen))

    async def change(self, interaction: GuildInteraction, actor: Actor, model: str) -> str:
        """Make songs with this model."""
        await interaction.services.guild_settings.set_default_model(actor, model)
        return confirmations.default_model_set(model)


class DefaultPlaylist(Setting):
    """The playlist of requests that name none."""

    action = Action.DEFAULT_PLAYLIST
    name = panel.PLAYLIST

    @override
    def value(self, shown: ShownSettings) -> str:
        default = shown.settings.default_playlist
        if default:
            return quoted(default, limit=FIELD_LIMIT)
        return panel.RANDOM_PLAYLIST if shown.playlists else panel.NO_PLAYLISTS

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        default, saved = shown.settings.default_playlist, shown.playlists
        if not saved:
            return []
        has_more = len(saved) > MAX_OPTIONS
        offered = sorted(saved, key=lambda name: name != default)[: MAX_OPTIONS - has_more]
        return [
            ValueControl(
                part=NAME_PART,
                placeholder=panel.CHOOSE_PLAYLIST,
                options=[(plain(name, limit=CHOICE_LIMIT), name) for name in offered],
                chosen=default if default in offered else None,
                other=panel.other_playlist(len(saved) - len(offered)) if has_more else None,
            )
        ]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        return await self.change(interaction, actor, str(choice.chosen))

    async def change(self, interaction: GuildInteraction, actor: Actor, name: str) -> str:
        """Make the playlist with this name, or its unique beginning, the default."""
        return confirmations.default_playlist_set(
            await interaction.services.playlists.set_default(actor, name)
        )

    @override
    async def reset(self, interaction: GuildInteraction, actor: Actor, *, role_id: int | None = None) -> str:
        return confirmations.default_playlist_set(
            await interaction.services.playlists.set_default(actor, None)
        )


APPROVAL, EXEMPTIONS = Approval(), Exemptions()
MODEL, DEFAULT_PLAYLIST = DefaultModel(), DefaultPlaylist()
