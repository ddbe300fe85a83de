"""`/cancel`: cancellation of a member's own request."""

from discord import app_commands
from discord.ext import commands

from bot.chat.interactions.components import Choices, command, matching, safe_autocomplete
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.interactions.transformers import RequestId
from bot.chat.messages.choices import request_choice
from bot.chat.text import confirmations, descriptions


class Cancel(commands.Cog):
    """Cancellation of members' own requests."""

    @command()
    @app_commands.describe(**descriptions.CANCEL)
    async def cancel(self, interaction: GuildInteraction, request: RequestId) -> None:
        """Cancel a song request that is still waiting, and get its credits back."""
        cancelling = interaction.services.requests.cancel(
            request, guild_id=interaction.guild_id, user_id=interaction.user_id
        )
        cancelled = await run_or_defer(interaction, cancelling)
        await respond(interaction, confirmations.cancelled(cancelled.cost))

    @cancel.autocomplete("request")
    @safe_autocomplete
    async def _own_active(self, interaction: GuildInteraction, current: str) -> Choices:
        cards = await interaction.services.requests.active_of(interaction.guild_id, interaction.user_id)
        return matching(((request_choice(card), card.request_id) for card in cards), current)
