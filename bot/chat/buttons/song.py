"""The buttons of a song: once more, rate and remove. What they are about stands in their ids."""

import logging
import re

import discord
from discord import app_commands

from bot.chat.connection.client import client_of
from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import request_context
from bot.chat.interactions.permissions import is_moderator
from bot.chat.interactions.respond import Asked, run_or_defer
from bot.chat.interactions.source_message import delete_message, delete_source_message, edit_source_message
from bot.chat.messages.rating import with_rating
from bot.services.moderation.audit import Actor

log = logging.getLogger(__name__)

CATCH_UPS = 3
"""How often a rating is shown anew because another vote came meanwhile; a later press shows the rest."""
ID = "(?P<request_id>[0-9]{1,20})"


class AgainButton(SafeButton, template=f"again:{ID}"):
    """Asks for the same as the song's request, for whoever presses it and at their cost."""

    def __init__(self, request_id: int) -> None:
        super().__init__(discord.ui.Button(label="Again", custom_id=f"again:{request_id}"))
        self.request_id = request_id

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "AgainButton":
        """The button that the id describes."""
        return cls(int(match["request_id"]))

    async def pressed(self, interaction: Asked) -> None:
        """Place the request and answer with its status."""
        await _place(interaction, self.request_id)


class MoreButton(SafeButton, template=f"more:{ID}:(?P<clip>[12])"):
    """Asks for a song in the style of one of the clips, for whoever presses it and at their cost."""

    def __init__(self, request_id: int, clip: int) -> None:
        super().__init__(
            discord.ui.Button(label=f"More like clip {clip}", custom_id=f"more:{request_id}:{clip}")
        )
        self.request_id = request_id
        self.clip = clip

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "MoreButton":
        """The button that the id describes."""
        return cls(int(match["request_id"]), int(match["clip"]))

    async def pressed(self, interaction: Asked) -> None:
        """Place the request and answer with its status."""
        await _place(interaction, self.request_id, like_clip=self.clip)


class RateButton(SafeButton, template=f"rate:{ID}:(?P<stars>[1-5])"):
    """Gives the song so many stars; a member's next vote takes the place of the last one."""

    def __init__(self, request_id: int, stars: int) -> None:
        super().__init__(discord.ui.Button(label=f"{stars} ★", custom_id=f"rate:{request_id}:{stars}"))
        self.request_id = request_id
        self.stars = stars

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "RateButton":
        """The button that the id describes."""
        return cls(int(match["request_id"]), int(match["stars"]))

    async def pressed(self, interaction: Asked) -> None:
        """Keep the vote, and let the message say what all votes come to.

        When two vote at once, the one whose change is the last to arrive may know less: so each looks again.
        """
        songbook = client_of(interaction).services.songs
        _refuse_private(interaction)
        content = interaction.message.content if interaction.message else ""
        voting = songbook.rate(
            self.request_id,
            self.stars,
            guild_id=interaction.guild_id or 0,
            user_id=interaction.user.id,
        )
        rating = await run_or_defer(interaction, voting, ephemeral=True, updates=True)
        await edit_source_message(interaction, content=with_rating(content, rating))
        for _ in range(CATCH_UPS):
            latest = await songbook.rating(self.request_id)
            if latest == rating:
                return
            rating = latest
            await edit_source_message(interaction, content=with_rating(content, rating))


class RemoveButton(SafeButton, template=f"remove:{ID}"):
    """Takes the song away; its requester and moderators may, and the service sees to that."""

    def __init__(self, request_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label="Remove", style=discord.ButtonStyle.danger, custom_id=f"remove:{request_id}"
            )
        )
        self.request_id = request_id

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "RemoveButton":
        """The button that the id describes."""
        return cls(int(match["request_id"]))

    async def pressed(self, interaction: Asked) -> None:
        """Take the song out of the books, then this message, and the result if this is another one."""
        _refuse_private(interaction)
        by = Actor(
            interaction_id=interaction.id, guild_id=interaction.guild_id or 0, actor_id=interaction.user.id
        )
        songbook = client_of(interaction).services.songs
        removing = songbook.remove(self.request_id, by, is_moderator=is_moderator(interaction))
        # The request stays, and its credits stay used: only the result goes.
        removed = await run_or_defer(interaction, removing, ephemeral=True, updates=True)
        # by the token of the press, which works where the bot sees no channel
        await delete_source_message(interaction)
        pressed_on = interaction.message.id if interaction.message else None
        # pressed on a copy that `/songs show` posted: the first post goes too, if the bot can reach it
        if removed.channel_id and removed.message_id and removed.message_id != pressed_on:
            await delete_message(interaction.client, removed.channel_id, removed.message_id)


async def _place(interaction: Asked, request_id: int, *, like_clip: int | None = None) -> None:
    _refuse_private(interaction)
    client = client_of(interaction)
    placing = client.services.requests.repeat(request_id, request_context(interaction), like_clip=like_clip)
    await client.respond_with_status(interaction, placing)


def _refuse_private(interaction: Asked) -> None:
    """Songs are asked for and judged in servers; an ending may stand in a direct message.

    Raises:
        app_commands.NoPrivateMessage: this is one.
    """
    if interaction.guild_id is None:
        raise app_commands.NoPrivateMessage
