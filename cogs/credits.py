"""`/credits`: a member's own credits."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import InspireClient
from bot.chat.interactions.context import role_ids_of
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.credits import credits_message
from bot.services.credits.statements import QuotaService


class Credits(commands.Cog):
    """A member's own credits."""

    def __init__(self, quotas: QuotaService) -> None:
        self._quotas = quotas

    @app_commands.command()
    async def credits(self, interaction: discord.Interaction[InspireClient]) -> None:
        """See your credits: what you have, what is on hold, and when you get more."""
        statement = await run_or_defer(
            interaction,
            self._quotas.statement(
                interaction.guild_id or 0, interaction.user.id, role_ids=role_ids_of(interaction.user)
            ),
        )
        await respond(interaction, credits_message(statement))
