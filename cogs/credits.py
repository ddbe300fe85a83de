"""`/credits`: the truth about a member's credits."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.asking import role_ids_of
from bot.chat.client import InspireClient
from bot.chat.render import credits_message
from bot.chat.showing import outcome, show
from bot.services.quotas import Quotas


class Credits(commands.Cog):
    """A member's own credits."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas

    @app_commands.command()
    async def credits(self, interaction: discord.Interaction[InspireClient]) -> None:
        """See your credits: what you have, what is on hold, and when you get more."""
        statement = await outcome(
            interaction,
            self._quotas.statement(
                interaction.guild_id or 0, interaction.user.id, role_ids=role_ids_of(interaction.user)
            ),
            ephemeral=True,
        )
        await show(interaction, credits_message(statement), discord.ui.View(), ephemeral=True)
