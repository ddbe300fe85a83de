"""The buttons of a song: repeat, more like it, rate and remove."""

import asyncio
import logging
import re

import discord
from discord import app_commands

from bot.chat.api_errors import API_ERRORS
from bot.chat.client import client_of
from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import request_context
from bot.chat.interactions.permissions import is_moderator
from bot.chat.interactions.respond import (
    AnyInteraction,
    delete_source_message,
    edit_source_message,
    run_or_defer,
)
from bot.chat.messages.library import with_rating
from bot.services.audit_log import Actor

log = logging.getLogger(__name__)

CATCH_UPS = 3
"""How often a message is edited again because of votes in the meantime; a later press shows the rest."""
DELETE_S = 10.0
"""Timeout of deleting another message, in seconds."""
ID = "(?P<request_id>[0-9]{1,20})"


class AgainButton(SafeButton, template=f"again:{ID}"):
    """Button that repeats the song's request for the member who presses it, at their cost."""

    def __init__(self, request_id: int) -> None:
        super().__init__(discord.ui.Button(label="Again", custom_id=f"again:{request_id}"))
        self.request_id = request_id

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "AgainButton":
        """Create the button from a match of its custom id."""
        return cls(int(match["request_id"]))

    async def pressed(self, interaction: AnyInteraction) -> None:
        """Place the request and answer with its status."""
        await _place(interaction, self.request_id)


class MoreButton(SafeButton, template=f"more:{ID}:(?P<clip>[12])"):
    """Button that requests a song in the style of a clip for the member who presses it, at their cost."""

    def __init__(self, request_id: int, clip: int) -> None:
        super().__init__(
            discord.ui.Button(label=f"More like clip {clip}", custom_id=f"more:{request_id}:{clip}")
        )
        self.request_id = request_id
        self.clip = clip

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "MoreButton":
        """Create the button from a match of its custom id."""
        return cls(int(match["request_id"]), int(match["clip"]))

    async def pressed(self, interaction: AnyInteraction) -> None:
        """Place the request and answer with its status."""
        await _place(interaction, self.request_id, like_clip=self.clip)


class RateButton(SafeButton, template=f"rate:{ID}:(?P<stars>[1-5])"):
    """Button that rates the song; a member's new vote replaces the earlier one."""

    def __init__(self, request_id: int, stars: int) -> None:
        super().__init__(discord.ui.Button(label=f"{stars} ★", custom_id=f"rate:{request_id}:{stars}"))
        self.request_id = request_id
        self.stars = stars

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "RateButton":
        """Create the button from a match of its custom id."""
        return cls(int(match["request_id"]), int(match["stars"]))

    async def pressed(self, interaction: AnyInteraction) -> None:
        """Store the vote, and show the average of all votes in the message.

        If two members vote at once, the last edit may show the older average: so each reads it again.
        """
        library = client_of(interaction).services.songs
        _refuse_private(interaction)
        content = interaction.message.content if interaction.message else ""
        voting = library.rate(
            self.request_id,
            self.stars,
            guild_id=interaction.guild_id or 0,
            user_id=interaction.user.id,
        )
        rating = await run_or_defer(interaction, voting, updates=True)
        await edit_source_message(interaction, content=with_rating(content, rating))
        for _ in range(CATCH_UPS):
            latest = await library.rating(self.request_id)
            if latest == rating:
                return
            rating = latest
            await edit_source_message(interaction, content=with_rating(content, rating))


class RemoveButton(SafeButton, template=f"remove:{ID}"):
    """Button that removes the song; the service refuses all but its requester and moderators."""

    def __init__(self, request_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label="Remove", style=discord.ButtonStyle.danger, custom_id=f"remove:{request_id}"
            )
        )
        self.request_id = request_id

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "RemoveButton":
        """Create the button from a match of its custom id."""
        return cls(int(match["request_id"]))

    async def pressed(self, interaction: AnyInteraction) -> None:
        """Remove the song, then this message, and the result if this message is a copy of it."""
        _refuse_private(interaction)
        by = Actor(
            interaction_id=interaction.id, guild_id=interaction.guild_id or 0, actor_id=interaction.user.id
        )
        library = client_of(interaction).services.songs
        removing = library.remove(self.request_id, by, is_moderator=is_moderator(interaction))
        # The request stays, and its credits stay used: only the result goes.
        removed = await run_or_defer(interaction, removing, updates=True)
        # the interaction's token works even if the bot has no access to the channel
        await delete_source_message(interaction)
        pressed_on = interaction.message.id if interaction.message else None
        # pressed on a copy that `/songs show` posted: delete the first post too, if the bot can
        if removed.channel_id and removed.message_id and removed.message_id != pressed_on:
            await _delete(interaction.client, removed.channel_id, removed.message_id)


async def _delete(client: discord.Client, channel_id: int, message_id: int) -> None:
    """Delete another message of the bot's; log it if that fails."""
    channel = client.get_partial_messageable(channel_id)
    try:
        async with asyncio.timeout(DELETE_S):
            await channel.get_partial_message(message_id).delete()
    except API_ERRORS as error:
        log.warning("A result could not be deleted: %s", error, extra={"channel": channel_id})


async def _place(interaction: AnyInteraction, request_id: int, *, like_clip: int | None = None) -> None:
    """Repeat the request, or with `like_clip` request a song like that clip, and answer with its status."""
    _refuse_private(interaction)
    client = client_of(interaction)
    placing = client.services.requests.repeat(request_id, request_context(interaction), like_clip=like_clip)
    await client.respond_with_status(interaction, placing)


def _refuse_private(interaction: AnyInteraction) -> None:
    """Raise in a direct message, where the message about a request's end has buttons too.

    Raises:
        app_commands.NoPrivateMessage: the button was not pressed in a server.
    """
    if interaction.guild_id is None:
        raise app_commands.NoPrivateMessage
