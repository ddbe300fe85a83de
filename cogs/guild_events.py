"""In which servers the bot is: no commands, only what Discord tells by itself."""

import discord
from discord.ext import commands

from bot.chat.connection.client import InspireClient
from bot.services.privacy.guild_membership import GuildMembership, VisibleGuilds


class GuildEvents(commands.Cog):
    """Comings and goings; a server that is only out of reach for a while has not been left."""

    def __init__(self, client: InspireClient, servers: GuildMembership) -> None:
        self._client = client
        self._servers = servers

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a server, or the server was deleted."""
        await self._servers.record_left(guild.id)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The bot was added to a server."""
        await self._servers.record_joined(guild.id)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[InspireClient]) -> None:
        """Note that a server is in use which the gateway does not tell of."""
        if interaction.guild_id is not None and self._client.get_guild(interaction.guild_id) is None:
            await self._servers.record_activity(interaction.guild_id)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """All servers of this process's shards are known, those out of reach among them."""
        client = self._client
        await self._servers.reconcile(
            VisibleGuilds(
                guild_ids=frozenset(guild.id for guild in client.guilds),
                shard_ids=frozenset(client.shards),
                shard_count=client.shard_count or 1,
            )
        )
