"""The settings of where: channels for requests, results, loved songs and decisions."""

from collections.abc import Sequence

from discord import ChannelType
from typing_extensions import override

from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import (
    TO_FORWARD,
    TO_POST,
    WITH_FILES,
    ChannelOption,
    require_posting_permissions,
)
from bot.chat.interactions.transformers import TAKES_POSTS
from bot.chat.messages.settings import ShownSettings, place, results_text, showcase_text
from bot.chat.panel.setting import ChannelControl, Choice, Chosen, Control, Setting, ValueControl
from bot.chat.text import confirmations, panel
from bot.domain.audit import Action
from bot.domain.moderator_errors import ChoiceError
from bot.services.audit_log import Actor

CHANNEL, PROMPTS, LOVES = "channel", "prompts", "loves"
DIGEST, ON, OFF = "digest", "on", "off"
HIDE, SHOW = "hide", "show"
USUAL_LOVES = (2, 3, 5, 10)
"""Numbers of loves that are suggested."""


def posting_channel(
    interaction: GuildInteraction, chosen: Chosen, needed: tuple[str, ...] = TO_POST
) -> ChannelOption:
    """Return the channel if the bot can post there.

    Raises:
        ChoiceError: it takes no messages; a modified Discord client may choose anything.
        ChannelAccessError: the bot lacks a permission.
    """
    channel = _channel(chosen, TAKES_POSTS)
    require_posting_permissions(interaction, channel, needed=needed)
    return channel


def _channel(chosen: Chosen, kinds: tuple[ChannelType, ...]) -> ChannelOption:
    if isinstance(chosen, str) or chosen.type not in kinds:
        raise ChoiceError
    return chosen


class RequestsChannel(Setting):
    """Where songs can be requested."""

    action = Action.REQUESTS_CHANNEL
    name = panel.REQUESTS
    kinds = (*TAKES_POSTS, ChannelType.forum)

    @override
    def value(self, shown: ShownSettings) -> str:
        return place(shown.settings.requests_channel_id, panel.EVERYWHERE, shown.gone)

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        chosen = shown.settings.requests_channel_id
        return [ChannelControl(part=CHANNEL, placeholder=panel.ONE_CHANNEL, kinds=self.kinds, chosen=chosen)]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        return await self.change(interaction, actor, _channel(choice.chosen, self.kinds))

    async def change(self, interaction: GuildInteraction, actor: Actor, channel: ChannelOption) -> str:
        """Take requests in this channel only."""
        await interaction.services.guild_settings.set_request_channel(actor, channel.id)
        return confirmations.request_channel_set(channel.id)


class Results(Setting):
    """Where results are posted, and whether they show prompts."""

    action = Action.RESULTS_CHANNEL
    name = panel.RESULTS

    @override
    def value(self, shown: ShownSettings) -> str:
        return results_text(shown)

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        settings = shown.settings
        prompts = HIDE if settings.prompts_hidden else SHOW
        return [
            ChannelControl(
                part=CHANNEL, placeholder=panel.RESULTS_CHANNEL, chosen=settings.results_channel_id
            ),
            ValueControl(
                part=PROMPTS,
                placeholder=panel.PROMPTS,
                options=[(panel.PROMPTS_SHOWN, SHOW), (panel.PROMPTS_HIDDEN, HIDE)],
                chosen=prompts,
            ),
        ]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        if choice.part == PROMPTS:
            return await self.change(interaction, actor, hides_prompts=choice.chosen == HIDE)
        return await self.change(interaction, actor, channel=choice.chosen)

    async def change(
        self,
        interaction: GuildInteraction,
        actor: Actor,
        *,
        channel: Chosen | None = None,
        hides_prompts: bool | None = None,
    ) -> str:
        """Post results in this channel, and hide or show prompts; None: as it was."""
        channel_id = None if channel is None else posting_channel(interaction, channel, WITH_FILES).id
        await interaction.services.guild_settings.set_results(
            actor, channel_id=channel_id, hides_prompts=hides_prompts
        )
        return confirmations.results_set(channel_id, hides_prompts=hides_prompts)


class Showcase(Setting):
    """Where loved songs are forwarded, and how many loves that takes."""

    action = Action.SHOWCASE
    name = panel.SHOWCASE

    @override
    def value(self, shown: ShownSettings) -> str:
        return showcase_text(shown.settings, shown.gone)

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        settings = shown.settings
        channel = ChannelControl(
            part=CHANNEL, placeholder=panel.SHOWCASE_CHANNEL, chosen=settings.showcase_channel_id
        )
        if settings.showcase_channel_id is None:
            return [channel]
        loves = ValueControl(
            part=LOVES,
            placeholder=panel.LOVES,
            options=[(panel.loves(number), str(number)) for number in USUAL_LOVES],
            chosen=str(settings.showcase_loves),
            other=panel.OTHER_NUMBER,
        )
        return [channel, loves]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        if choice.part == LOVES:
            return await self.change(interaction, actor, loves=choice.number)
        return await self.change(interaction, actor, channel=choice.chosen)

    async def change(
        self,
        interaction: GuildInteraction,
        actor: Actor,
        *,
        channel: Chosen | None = None,
        loves: int | None = None,
    ) -> str:
        """Forward songs to this channel, from so many loves on; None: as it was."""
        channel_id = None if channel is None else posting_channel(interaction, channel, TO_FORWARD).id
        settings = await interaction.services.guild_settings.set_showcase(
            actor, channel_id=channel_id, loves=loves
        )
        return confirmations.showcase_set(settings)

    @override
    async def reset(self, interaction: GuildInteraction, actor: Actor, *, role_id: int | None = None) -> str:
        await interaction.services.guild_settings.reset(actor, self.action)
        return confirmations.NO_SHOWCASE


class LogChannel(Setting):
    """Where moderators' decisions are posted."""

    action = Action.LOG_CHANNEL
    name = panel.LOG

    @override
    def value(self, shown: ShownSettings) -> str:
        where = place(shown.settings.log_channel_id, panel.NOWHERE, shown.gone)
        return f"{where}, {panel.WITH_DIGEST}" if shown.settings.weekly_digest else where

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        chosen = shown.settings.log_channel_id
        channel = ChannelControl(part=CHANNEL, placeholder=panel.LOG_CHANNEL, chosen=chosen)
        if chosen is None:
            return [channel]
        digest = ValueControl(
            part=DIGEST,
            placeholder=panel.DIGEST,
            options=[(panel.DIGEST_ON, ON), (panel.DIGEST_OFF, OFF)],
            chosen=ON if shown.settings.weekly_digest else OFF,
        )
        return [channel, digest]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        if choice.part == DIGEST:
            return await self.change(interaction, actor, digest=choice.chosen == ON)
        return await self.change(interaction, actor, channel=choice.chosen)

    async def change(
        self,
        interaction: GuildInteraction,
        actor: Actor,
        *,
        channel: Chosen | None = None,
        digest: bool | None = None,
    ) -> str:
        """Post decisions in this channel, and a digest of each week; None: as it was."""
        channel_id = None if channel is None else posting_channel(interaction, channel).id
        settings = await interaction.services.guild_settings.set_log(
            actor, channel_id=channel_id, digest=digest
        )
        return confirmations.log_set(settings)


REQUESTS, RESULTS, SHOWCASE, LOG = RequestsChannel(), Results(), Showcase(), LogChannel()
