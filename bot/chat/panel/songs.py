"""The settings of approval, and of what songs are made of."""

from collections.abc import Sequence

from typing_extensions import override

from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import can_notify
from bot.chat.messages.choices import CHOICE_LIMIT, model_choices
from bot.chat.messages.settings import ShownSettings, place
from bot.chat.panel.channels import CHANNEL, posting_channel
from bot.chat.panel.setting import ChannelControl, Choice, Chosen, Control, Setting, ValueControl
from bot.chat.text import confirmations, panel
from bot.chat.text.formatting import FIELD_LIMIT, plain, quoted
from bot.domain.audit import Action
from bot.domain.guild_settings import ApprovalChange
from bot.domain.models import model_name
from bot.services.audit_log import Actor

MODEL_PART, NAME_PART = "model", "name"
UNCHANGED = ApprovalChange()
MAX_OPTIONS = 25
"""Options of one select."""


class Approval(Setting):
    """Whether moderators approve each request, and where."""

    action = Action.APPROVAL
    name = panel.APPROVAL

    @override
    def value(self, shown: ShownSettings) -> str:
        return place(shown.settings.approval_channel_id, panel.NO_APPROVAL, shown.gone)

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        chosen = shown.settings.approval_channel_id
        return [ChannelControl(part=CHANNEL, placeholder=panel.APPROVAL_CHANNEL, chosen=chosen)]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        return await self.change(interaction, actor, choice.chosen)

    async def change(
        self,
        interaction: GuildInteraction,
        actor: Actor,
        channel: Chosen | None = None,
        *,
        is_on: bool = False,
        rules: ApprovalChange = UNCHANGED,
    ) -> str:
        """Require approval in this channel, or in the one that is set, and change its rules."""
        channel_id = None if channel is None else posting_channel(interaction, channel).id
        settings = await interaction.services.guild_settings.set_approval(
            actor, is_on=is_on, channel_id=channel_id, rules=rules
        )
        words = confirmations.approval_set(settings)
        if rules.ping is not None and not can_notify(interaction, rules.ping):
            words += confirmations.role_is_silent(rules.ping)
        return words

    @override
    async def reset(self, interaction: GuildInteraction, actor: Actor, *, role_id: int | None = None) -> str:
        return confirmations.approval_ended(await interaction.services.guild_settings.end_approval(actor))


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
        options = [(plain(name, limit=CHOICE_LIMIT), name) for name in shown.playlists[:MAX_OPTIONS]]
        if not options:
            return []
        return [
            ValueControl(
                part=NAME_PART,
                placeholder=panel.CHOOSE_PLAYLIST,
                options=options,
                chosen=shown.settings.default_playlist,
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


APPROVAL, MODEL, DEFAULT_PLAYLIST = Approval(), DefaultModel(), DefaultPlaylist()
