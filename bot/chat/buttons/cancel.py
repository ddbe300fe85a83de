"""The button that cancels a waiting request."""

import re

import discord

from bot.chat.client import client_of
from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.text.formatting import are_back


class CancelButton(
    SafeButton, template=r"cancel:(?P<request_id>[0-9]{15,20})(?::(?P<placement>[0-9a-f]{1,20}))?"
):
    """Button that cancels a waiting request; the service refuses everybody but its requester.

    The `placement` distinguishes the messages of two copies of the bot.
    """

    def __init__(self, request_id: int, placement: str = "") -> None:
        custom_id = f"cancel:{request_id}:{placement}" if placement else f"cancel:{request_id}"
        super().__init__(
            discord.ui.Button(label="Cancel", style=discord.ButtonStyle.secondary, custom_id=custom_id)
        )
        self.request_id = request_id

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "CancelButton":
        """Create the button from a match of its custom id."""
        return cls(int(match["request_id"]), match["placement"] or "")

    async def pressed(self, interaction: discord.Interaction[discord.Client]) -> None:
        """Cancel the request, and confirm it with what became of its credits."""
        cancelling = client_of(interaction).services.requests.cancel(
            self.request_id, guild_id=interaction.guild_id or 0, user_id=interaction.user.id
        )
        cancelled = await run_or_defer(interaction, cancelling)
        await respond(interaction, f"Cancelled. {are_back(cancelled.cost)}".rstrip())
