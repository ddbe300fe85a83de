"""The button with which members delete their own data."""

from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.privacy import erasure_words


class DeleteButton(SafeButton, template=r"privacy:delete"):
    """Button that deletes the data of the member who presses it, under an answer that only they see."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Delete the member's data, and say what was deleted and what remains."""
        erased = await run_or_defer(interaction, interaction.services.privacy.erase(interaction.user_id))
        await respond(interaction, erasure_words(erased))
