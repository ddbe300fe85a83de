"""`/credits`: a member's own credits."""

from discord.ext import commands

from bot.chat.interactions.components import command
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.credits import credits_message


class Credits(commands.Cog):
    """A member's own credits."""

    @command()
    async def credits(self, interaction: GuildInteraction) -> None:
        """See how many more songs you can request, your credits, and what your last songs cost."""
        overview = interaction.services.quotas.overview(
            interaction.guild_id, interaction.user_id, role_ids=interaction.role_ids
        )
        await respond(interaction, credits_message(await run_or_defer(interaction, overview)))
