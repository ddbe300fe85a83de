"""`/queue`: a server's queue."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import InspireClient
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.queue import queue_message
from bot.services.requests.queue_service import QueueService


class Queue(commands.Cog):
    """A server's queue, for all members."""

    def __init__(self, queue: QueueService) -> None:
        self._queue = queue

    @app_commands.command()
    async def queue(self, interaction: discord.Interaction[InspireClient]) -> None:
        """See which songs are being made here, who waits, in which order, and for how long."""
        view = await run_or_defer(
            interaction, self._queue.view(interaction.guild_id or 0, interaction.user.id)
        )
        await respond(interaction, queue_message(view))
