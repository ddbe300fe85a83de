"""`/queue`: a server's queue."""

from discord.ext import commands

from bot.chat.interactions.components import command
from bot.chat.interactions.context import GuildInteraction
from bot.chat.member_responses import respond_with_queue


class Queue(commands.Cog):
    """A server's queue, for all members."""

    @command()
    async def queue(self, interaction: GuildInteraction) -> None:
        """See which songs are being made here, who is waiting, in which order, and for how long."""
        await respond_with_queue(interaction)
