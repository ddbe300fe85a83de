"""The button that cancels a waiting request."""

from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.text import confirmations


class CancelButton(SafeButton, template=r"cancel:(?P<request_id>[0-9]{15,20})(?::[0-9a-f]{1,20})?"):
    """Button that cancels a waiting request; the service refuses everybody but its requester."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Cancel the request, and confirm it with what became of its credits."""
        cancelling = interaction.services.requests.cancel(
            self.request_id, guild_id=interaction.guild_id, user_id=interaction.user_id
        )
        cancelled = await run_or_defer(interaction, cancelling)
        await respond(interaction, confirmations.cancelled(cancelled.cost))
