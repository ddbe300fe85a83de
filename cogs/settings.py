"""`/settings`: a server's settings, for its moderators."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.interactions.components import command
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import (
    MODERATORS,
    ChannelOption,
    ForModerators,
    is_gone,
    require_posting_permissions,
)
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.interactions.transformers import PostingChannel, RequestChannel
from bot.chat.messages.settings import settings_message
from bot.services.moderation.guild_settings import MAX_ACTIVE, MAX_COOLDOWN_S, GuildSettingsService

Active: TypeAlias = app_commands.Range[int, 1, MAX_ACTIVE]
Cooldown: TypeAlias = app_commands.Range[int, 0, MAX_COOLDOWN_S]


@app_commands.default_permissions(MODERATORS)
class ServerSettings(
    ForModerators, commands.GroupCog, group_name="settings", group_description="How songs work in your server"
):
    """A server's settings, for its moderators."""

    def __init__(self, rules: GuildSettingsService, *, models: Sequence[str]) -> None:
        self._rules = rules
        offered = [app_commands.Choice(name=model, value=model) for model in models]
        app_commands.choices(model=offered)(self.model)

    @command()
    async def show(self, interaction: GuildInteraction) -> None:
        """See all that is settled for this server."""
        embed = await run_or_defer(interaction, self._shown(interaction))
        await respond(interaction, embed)

    @command()
    @app_commands.describe(channel="Where songs are asked for; leave it out for everywhere")
    async def channel(self, interaction: GuildInteraction, channel: RequestChannel | None = None) -> None:
        """Let songs be asked for in one channel or forum only; its threads and posts count."""
        by = interaction.require_moderator()
        await run_or_defer(interaction, self._rules.set_request_channel(by, _id(channel)))
        where = f"in <#{channel.id}> only" if channel else "everywhere"
        await respond(interaction, f"Songs can be asked for {where} now.")

    @command()
    @app_commands.describe(channel="Where songs are posted; leave it out for where they were asked for")
    async def results(self, interaction: GuildInteraction, channel: PostingChannel | None = None) -> None:
        """Post finished songs in a channel of their own."""
        by = interaction.require_moderator()
        require_posting_permissions(interaction, channel, with_files=True)
        await run_or_defer(interaction, self._rules.set_results_channel(by, _id(channel)))
        where = f"in <#{channel.id}>" if channel else "where they were asked for"
        await respond(interaction, f"Songs that are asked for from now on are posted {where}.")

    @command()
    @app_commands.describe(model="For those who choose none; leave it out for the bot's own choice")
    async def model(self, interaction: GuildInteraction, model: str | None = None) -> None:
        """Settle which version of Suno makes the songs of those who choose none."""
        by = interaction.require_moderator()
        await run_or_defer(interaction, self._rules.set_default_model(by, model))
        in_force = await run_or_defer(interaction, self._rules.effective(by.guild_id))
        await respond(
            interaction, f"Songs are made by `{in_force.model}` now, unless a member chooses another."
        )

    @command()
    @app_commands.describe(
        mode="Whether a moderator approves each request",
        channel="Where moderators decide; needed the first time",
    )
    async def approval(
        self,
        interaction: GuildInteraction,
        mode: Literal["on", "off"],
        channel: PostingChannel | None = None,
    ) -> None:
        """Let a moderator approve each request before it is made."""
        by = interaction.require_moderator()
        if mode == "off":
            freed = await run_or_defer(interaction, self._rules.end_approval(by))
            waiting = (
                f" {freed} that waited for it {'is' if freed == 1 else 'are'} in line now." if freed else ""
            )
            await respond(interaction, f"No request has to be approved any more.{waiting}")
            return
        require_posting_permissions(interaction, channel)
        where = await run_or_defer(interaction, self._rules.require_approval(by, _id(channel)))
        await respond(
            interaction, f"Each request comes to <#{where}> first, with **Approve** and **Decline**."
        )

    @command()
    @app_commands.describe(channel="Where moderators' decisions are posted; leave it out for nowhere")
    async def log(self, interaction: GuildInteraction, channel: PostingChannel | None = None) -> None:
        """Post moderators' decisions in a channel."""
        by = interaction.require_moderator()
        require_posting_permissions(interaction, channel)
        await run_or_defer(interaction, self._rules.set_log_channel(by, _id(channel)))
        where = f"in <#{channel.id}>" if channel else "nowhere; `/quota log` has them"
        await respond(interaction, f"Moderators' decisions are posted {where}.")

    @command()
    @app_commands.describe(
        active="Requests at a time, for each member; leave it out for the bot's own choice",
        cooldown="Seconds between two requests of a member; leave it out for the bot's own choice",
    )
    async def limits(
        self,
        interaction: GuildInteraction,
        active: Active | None = None,
        cooldown: Cooldown | None = None,
    ) -> None:
        """Settle how many requests a member may have under way, and how far apart they are."""
        by = interaction.require_moderator()
        await run_or_defer(interaction, self._rules.set_limits(by, active=active, cooldown_s=cooldown))
        policy = (await run_or_defer(interaction, self._rules.effective(by.guild_id))).policy
        apart = (
            f"{policy.cooldown_s:,} seconds apart" if policy.cooldown_s else "without a pause between them"
        )
        await respond(interaction, f"Each member may have {policy.max_active:,} under way now, {apart}.")

    async def _shown(self, interaction: GuildInteraction) -> discord.Embed:
        in_force = await self._rules.effective(interaction.guild_id)
        gone = [one for one in in_force.settings.channel_ids if await is_gone(interaction, one)]
        return settings_message(in_force, gone=frozenset(gone))


def _id(channel: ChannelOption | None) -> int | None:
    return channel.id if channel else None
