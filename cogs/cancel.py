"""`/cancel`: cancellation of a member's own request."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import InspireClient
from bot.chat.interactions.components import safe_autocomplete
from bot.chat.interactions.context import request_id_of
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.choices import request_choice
from bot.chat.text.formatting import are_back
from bot.services.requests.service import RequestService


class Cancel(commands.Cog):
    """Cancellation of members' own requests."""

    def __init__(self, songs: RequestService) -> None:
        self._songs = songs

    @app_commands.command()
    @app_commands.describe(request="One of your requests under way")
    async def cancel(
        self, interaction: discord.Interaction[InspireClient], request: app_commands.Range[str, 1, 100]
    ) -> None:
        """Take back a song request that is still waiting; its credits return to you."""
        request_id = request_id_of(request)
        cancelled = await run_or_defer(
            interaction,
            self._songs.cancel(request_id, guild_id=interaction.guild_id or 0, user_id=interaction.user.id),
        )
        await respond(interaction, f"Cancelled. {are_back(cancelled.cost)}")

    @cancel.autocomplete("request")
    @safe_autocomplete
    async def _own_active(
        self, interaction: discord.Interaction[InspireClient], current: str
    ) -> list[app_commands.Choice[str]]:
        cards = await self._songs.active_of(interaction.guild_id or 0, interaction.user.id)
        choices = [
            app_commands.Choice(name=request_choice(card), value=str(card.request_id)) for card in cards
        ]
        return [choice for choice in choices if current.lower() in choice.name.lower()][:25]
