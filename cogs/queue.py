"""`/queue`: a server's queue."""

from discord.ext import commands

from bot.chat.interactions.components import command
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.queue import queue_message


class Queue(commands.Cog):
    """A server's queue, for all members."""

    @command()
    async def queue(self, interaction: GuildInteraction) -> None:
        """See which songs are being made here, who is waiting, in which order, and for how long."""
        viewing = interaction.services.queue.view(interaction.guild_id, interaction.user_id)
        await respond(interaction, queue_message(await run_or_defer(interaction, viewing)))
