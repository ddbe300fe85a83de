"""Gateway events that tell in which servers the bot is."""

from dataclasses import replace

import discord
from discord.ext import commands

from bot.chat.client import InspireClient
from bot.chat.guild_facts import visible_guilds
from bot.chat.welcomes import is_recent, welcome_to
from bot.services.privacy.guild_membership import GuildMembership


class GuildEvents(commands.Cog):
    """Listener for servers that the bot joins and leaves; an unavailable server has not been left."""

    def __init__(self, client: InspireClient, servers: GuildMembership) -> None:
        self._client = client
        self._servers = servers

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Record that the bot was removed from a server, or that the server was deleted."""
        await self._servers.record_left(guild.id)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Record that the bot was added to a server, and welcome it."""
        await self._servers.record_joined(welcome_to(guild))

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[InspireClient]) -> None:
        """Record activity in a server that the gateway has not sent."""
        if interaction.guild_id is not None and self._client.get_guild(interaction.guild_id) is None:
            await self._servers.record_activity(interaction.guild_id)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Reconcile the stored servers with those that this process sees."""
        client = self._client
        joined = tuple(welcome_to(guild) for guild in client.guilds if is_recent(guild))
        await self._servers.reconcile(replace(visible_guilds(client), joined_lately=joined))
