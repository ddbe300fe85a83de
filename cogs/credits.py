"""`/credits`: a member's own credits."""

from discord.ext import commands

from bot.chat.interactions.components import command
from bot.chat.interactions.context import GuildInteraction
from bot.chat.member_responses import respond_with_credits


class Credits(commands.Cog):
    """A member's own credits."""

    @command()
    async def credits(self, interaction: GuildInteraction) -> None:
        """See how many more songs you can request, your credits, and what your last songs cost."""
        await respond_with_credits(interaction)
