"""The buttons that tell more about a song: its lyrics, and how it was made."""

from bot.chat.buttons.song import ID
from bot.chat.delivery.song_details import lyrics_message, recipe_message
from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer


class LyricsButton(SafeButton, template=f"lyrics:{ID}"):
    """Button that shows a song's lyrics to the member who presses it."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Answer with the lyrics, as a file if they are long."""
        looking = interaction.services.songs.details(self.request_id, interaction.viewer())
        details = await run_or_defer(interaction, looking)
        await respond(interaction, lyrics_message(details.request.clips))


class RecipeButton(SafeButton, template=f"made:{ID}"):
    """Button that shows how a song was made to the member who presses it."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Answer with the options, also where the server hides prompts in the channel."""
        looking = interaction.services.songs.details(self.request_id, interaction.viewer())
        await respond(interaction, recipe_message(await run_or_defer(interaction, looking)))
