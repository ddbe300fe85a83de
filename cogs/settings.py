"""`/settings`: a server's settings, for its moderators."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.interactions.components import Choices, command, matching, moderator_autocomplete
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import (
    MODERATORS,
    TO_FORWARD,
    WITH_FILES,
    ChannelOption,
    ForModerators,
    is_gone,
    require_posting_permissions,
)
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.interactions.transformers import NONE, LovesOption, PostingChannel, RequestChannel
from bot.chat.messages.choices import model_choices
from bot.chat.messages.settings import settings_message
from bot.chat.text import confirmations, descriptions
from bot.services.moderation.guild_settings import MAX_ACTIVE, MAX_COOLDOWN_S, GuildSettingsService

Active: TypeAlias = app_commands.Range[int, 1, MAX_ACTIVE]
Cooldown: TypeAlias = app_commands.Range[int, 0, MAX_COOLDOWN_S]
USUAL_LOVES = (2, 3, 5, 10)
"""Numbers of loves that are suggested."""


@app_commands.default_permissions(MODERATORS)
class ServerSettings(
    ForModerators, commands.GroupCog, group_name="settings", group_description=descriptions.SETTINGS_GROUP
):
    """A server's settings, for its moderators."""

    def __init__(self, rules: GuildSettingsService, *, models: Sequence[str]) -> None:
        self._rules = rules
        offered = [app_commands.Choice(name=name, value=code) for name, code in model_choices(models)]
        app_commands.choices(model=offered)(self.model)

    @command()
    async def show(self, interaction: GuildInteraction) -> None:
        """See all settings of this server: setup and config, for admins and moderators."""
        embed = await run_or_defer(interaction, self._shown(interaction))
        await respond(interaction, embed)

    @command()
    @app_commands.describe(**descriptions.SETTINGS_CHANNEL)
    async def channel(self, interaction: GuildInteraction, channel: RequestChannel | None = None) -> None:
        """Take song requests in one channel or forum only; its threads and posts count."""
        by = interaction.require_moderator()
        await run_or_defer(interaction, self._rules.set_request_channel(by, _id(channel)))
        await respond(interaction, confirmations.request_channel_set(_id(channel)))

    @command()
    @app_commands.describe(**descriptions.SETTINGS_RESULTS)
    async def results(
        self,
        interaction: GuildInteraction,
        channel: PostingChannel | None = None,
        prompts: Literal["show", "hide"] | None = None,
    ) -> None:
        """Post finished songs in a channel of their own; show or hide prompts."""
        by = interaction.require_moderator()
        require_posting_permissions(interaction, channel, needed=WITH_FILES)
        if prompts is not None:
            hidden = prompts == "hide"
            hiding = self._rules.set_prompts_hidden(by, hidden=hidden, channel_id=_id(channel))
            await run_or_defer(interaction, hiding)
            await respond(interaction, confirmations.prompts_hidden_set(_id(channel), hidden=hidden))
            return
        await run_or_defer(interaction, self._rules.set_results_channel(by, _id(channel)))
        await respond(interaction, confirmations.results_channel_set(_id(channel)))

    @command()
    @app_commands.describe(**descriptions.SETTINGS_MODEL)
    async def model(self, interaction: GuildInteraction, model: str | None = None) -> None:
        """Set the model of members who choose none."""
        by = interaction.require_moderator()
        await run_or_defer(interaction, self._rules.set_default_model(by, model))
        in_force = await run_or_defer(interaction, self._rules.effective(by.guild_id))
        await respond(interaction, confirmations.default_model_set(in_force.model))

    @command()
    @app_commands.describe(**descriptions.SETTINGS_APPROVAL)
    async def approval(
        self,
        interaction: GuildInteraction,
        mode: Literal["on", "off"],
        channel: PostingChannel | None = None,
    ) -> None:
        """Let moderators approve each request before the song is made."""
        by = interaction.require_moderator()
        if mode == "off":
            freed = await run_or_defer(interaction, self._rules.end_approval(by))
            await respond(interaction, confirmations.approval_ended(freed))
            return
        require_posting_permissions(interaction, channel)
        where = await run_or_defer(interaction, self._rules.require_approval(by, _id(channel)))
        await respond(interaction, confirmations.approval_set(where))

    @command()
    @app_commands.describe(**descriptions.SETTINGS_LOG)
    async def log(self, interaction: GuildInteraction, channel: PostingChannel | None = None) -> None:
        """Post moderators' decisions in a channel."""
        by = interaction.require_moderator()
        require_posting_permissions(interaction, channel)
        await run_or_defer(interaction, self._rules.set_log_channel(by, _id(channel)))
        await respond(interaction, confirmations.log_channel_set(_id(channel)))

    @command()
    @app_commands.describe(**descriptions.SETTINGS_SHOWCASE)
    async def showcase(
        self,
        interaction: GuildInteraction,
        channel: PostingChannel | None = None,
        loves: LovesOption | None = None,
    ) -> None:
        """Forward songs that many members love to a channel, each once."""
        by = interaction.require_moderator()
        if loves == 0:
            await run_or_defer(interaction, self._rules.end_showcase(by))
            await respond(interaction, confirmations.NO_SHOWCASE)
            return
        require_posting_permissions(interaction, channel, needed=TO_FORWARD)
        setting = self._rules.set_showcase(by, channel_id=_id(channel), loves=loves)
        settings = await run_or_defer(interaction, setting)
        await respond(interaction, confirmations.showcase_set(settings))

    @showcase.autocomplete("loves")
    @moderator_autocomplete
    async def _loves(self, _: GuildInteraction, current: str) -> Choices:
        return matching([(NONE, NONE), *((str(number), number) for number in USUAL_LOVES)], current)

    @command()
    @app_commands.describe(**descriptions.SETTINGS_LIMITS)
    async def limits(
        self,
        interaction: GuildInteraction,
        active: Active | None = None,
        cooldown: Cooldown | None = None,
    ) -> None:
        """Limit how many requests a member can have at a time, and how far apart they are."""
        by = interaction.require_moderator()
        await run_or_defer(interaction, self._rules.set_limits(by, active=active, cooldown_s=cooldown))
        policy = (await run_or_defer(interaction, self._rules.effective(by.guild_id))).policy
        await respond(interaction, confirmations.limits_set(policy))

    async def _shown(self, interaction: GuildInteraction) -> discord.Embed:
        in_force = await self._rules.effective(interaction.guild_id)
        gone = [one for one in in_force.settings.channel_ids if await is_gone(interaction, one)]
        return settings_message(in_force, gone=frozenset(gone))


def _id(channel: ChannelOption | None) -> int | None:
    return channel.id if channel else None
