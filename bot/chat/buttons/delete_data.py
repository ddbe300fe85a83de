"""The button with which members delete their own data."""

import re

import discord

from bot.chat.client import client_of
from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.privacy import erasure_words


class DeleteButton(SafeButton, template=r"privacy:delete"):
    """Button that deletes the data of the member who presses it, under an answer that only they see."""

    def __init__(self) -> None:
        super().__init__(
            discord.ui.Button(
                label="Delete my data", style=discord.ButtonStyle.danger, custom_id="privacy:delete"
            )
        )

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "DeleteButton":  # noqa: ARG003 - its id has no parameters
        """Create the button."""
        return cls()

    async def pressed(self, interaction: discord.Interaction[discord.Client]) -> None:
        """Delete the member's data, and say what was deleted and what remains."""
        erased = await run_or_defer(
            interaction, client_of(interaction).services.privacy.erase(interaction.user.id)
        )
        await respond(interaction, erasure_words(erased))
