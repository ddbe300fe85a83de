"""The buttons under messages; what they are about stands in their id, so they work after a restart."""

import re

import discord

from bot.chat.answers import reply
from bot.chat.client import client_of
from bot.chat.guards import GuardedButton
from bot.chat.showing import outcome
from bot.chat.texts import are_back


class CancelButton(
    GuardedButton, template=r"cancel:(?P<request_id>[0-9]{15,20})(?::(?P<placement>[0-9a-f]{1,20}))?"
):
    """Takes a waiting request back; only its requester may, and the service sees to that.

    The `placement` tells the messages of two copies of the bot apart.
    """

    def __init__(self, request_id: int, placement: str = "") -> None:
        custom_id = f"cancel:{request_id}:{placement}" if placement else f"cancel:{request_id}"
        super().__init__(
            discord.ui.Button(label="Cancel", style=discord.ButtonStyle.secondary, custom_id=custom_id)
        )
        self.request_id = request_id

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "CancelButton":
        """The button that the id describes."""
        return cls(int(match["request_id"]), match["placement"] or "")

    async def pressed(self, interaction: discord.Interaction[discord.Client]) -> None:
        """Cancel the request and say what became of its credits."""
        cancelling = client_of(interaction).services.songs.cancel(
            self.request_id, guild_id=interaction.guild_id or 0, user_id=interaction.user.id
        )
        cancelled = await outcome(interaction, cancelling, ephemeral=True)
        await reply(interaction, f"Cancelled. {are_back(cancelled.cost)}".rstrip())
