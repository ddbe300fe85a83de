"""The buttons of a song: repeat, more like it, love and remove."""

import asyncio
import logging
import re

import discord

from bot.chat.api_errors import API_ERRORS
from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import (
    delete_source_message,
    edit_source_message,
    run_or_defer,
)
from bot.chat.messages.buttons import heart_buttons, with_hearts
from bot.chat.status_response import respond_with_status
from bot.chat.text.songs import STARS_REPLACED
from bot.domain.songs import Loves

log = logging.getLogger(__name__)

CATCH_UPS = 3
"""How often a message is edited again because of loves in the meantime; a later press shows the rest."""
DELETE_S = 10.0
"""Timeout of deleting another message, in seconds."""
AVERAGE = re.compile(r"\n-# ★ [^\n]*\Z")
"""The last line of songs of earlier versions that had stars."""
ID = "(?P<request_id>[0-9]{1,20})"


class AgainButton(SafeButton, template=f"again:{ID}"):
    """Button that repeats the song's request for the member who presses it, at their cost."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Place the request and answer with its status."""
        await _place(interaction, self.request_id)


class MoreButton(SafeButton, template=f"more:{ID}:(?P<clip>[12])"):
    """Button that requests a song in the style of a clip for the member who presses it, at their cost."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Place the request in the clip's style and answer with its status."""
        await _place(interaction, self.request_id, like_clip=int(self.match["clip"]))


class LoveButton(SafeButton, template=f"love:{ID}:(?P<clip>[12])"):
    """Button that loves a clip; the next press takes it back."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Store the press, and show on the message's hearts how many love each clip.

        If two members press at once, the last edit may show the older count: so each reads it again.
        """
        library = interaction.services.songs
        pressing = library.press_heart(self.request_id, int(self.match["clip"]), interaction.actor)
        loves = await run_or_defer(interaction, pressing, updates=True)
        await _show_hearts(interaction, self.request_id, loves)
        for _ in range(CATCH_UPS):
            latest = await library.loves(self.request_id)
            if latest == loves:
                return
            loves = latest
            await _show_hearts(interaction, self.request_id, loves)


class RateButton(SafeButton, template=f"rate:{ID}:[1-5]"):
    """Button below songs of earlier versions, for a number of stars; a press puts hearts in their place."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Replace the stars and their average; the press itself loves nothing."""
        looking = interaction.services.songs.card(self.request_id, interaction.viewer())
        card = await run_or_defer(interaction, looking, updates=True)
        message = interaction.source_message
        hearts = heart_buttons(card.request_id, len(card.clips), card.loves)
        content = f"{AVERAGE.sub('', message.content)}\n{STARS_REPLACED}"
        await edit_source_message(interaction, content=content, view=with_hearts(message, hearts))


class RemoveButton(SafeButton, template=f"remove:{ID}"):
    """Button that removes the song; the service refuses all but its requester and moderators."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Remove the song, then this message, and the result if this message is a copy of it."""
        library = interaction.services.songs
        removing = library.remove(self.request_id, interaction.actor, is_moderator=interaction.is_moderator)
        # The request stays, and its credits stay used: only the result goes.
        removed = await run_or_defer(interaction, removing, updates=True)
        # the interaction's token works even if the bot has no access to the channel
        await delete_source_message(interaction)
        pressed_on = interaction.source_message.id
        # pressed on a copy that `/songs show` posted: delete the first post too, if the bot can
        if removed.channel_id and removed.message_id and removed.message_id != pressed_on:
            await _delete(interaction.raw.client, removed.channel_id, removed.message_id)


async def _show_hearts(interaction: GuildInteraction, request_id: int, loves: Loves) -> None:
    """Show on the hearts of the message whose button was pressed how many love each clip."""
    hearts = heart_buttons(request_id, len(loves.clips), loves)
    await edit_source_message(interaction, view=with_hearts(interaction.source_message, hearts))


async def _delete(client: discord.Client, channel_id: int, message_id: int) -> None:
    """Delete another message of the bot's; log it if that fails."""
    channel = client.get_partial_messageable(channel_id)
    try:
        async with asyncio.timeout(DELETE_S):
            await channel.get_partial_message(message_id).delete()
    except API_ERRORS as error:
        log.warning("A result could not be deleted: %s", error, extra={"channel": channel_id})


async def _place(interaction: GuildInteraction, request_id: int, *, like_clip: int | None = None) -> None:
    """Repeat the request, or with `like_clip` request a song like that clip, and answer with its status."""
    placing = interaction.services.requests.repeat(
        request_id, interaction.request_context(), like_clip=like_clip
    )
    await respond_with_status(interaction, placing)
