"""`/queue`: who waits for a song, and for how long."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import InspireClient
from bot.chat.render import queue_message
from bot.chat.showing import outcome, show
from bot.services.queue import Queue


class ServerQueue(commands.Cog):
    """A server's queue, for everybody."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    @app_commands.command()
    async def queue(self, interaction: discord.Interaction[InspireClient]) -> None:
        """See which songs are being made here, who waits, in which order, and for how long."""
        view = await outcome(
            interaction,
            self._queue.view(interaction.guild_id or 0, interaction.user.id),
            ephemeral=True,
        )
        await show(interaction, queue_message(view), discord.ui.View(), ephemeral=True)
