"""Answering a press by changing the message whose button it was."""

import asyncio
import logging
from typing import TypedDict, Unpack

import discord

from bot.chat.discord_errors import TROUBLE, announce_error
from bot.chat.showing import Asked
from bot.domain.errors import NoAccessError, UnsendableError

log = logging.getLogger(__name__)

UNKNOWN_MESSAGE = 10008
DELETE_S = 10.0
"""Seconds that taking another message away may take."""


class Parts(TypedDict, total=False):
    """What of a message is to change; the rest stays as it is."""

    content: str
    embed: discord.Embed
    view: discord.ui.View


async def change(interaction: Asked, **parts: Unpack[Parts]) -> None:
    """Make the message whose button was pressed say this, at once or after the deferral.

    Raises:
        NoAccessError, UnsendableError: Discord does not let it change; what the press did counts.
    """
    try:
        if interaction.response.is_done():
            await interaction.edit_original_response(**parts)
        else:
            await interaction.response.edit_message(**parts)
    except discord.HTTPException as error:
        refusal = announce_error(error, by_token=True)
        if isinstance(refusal, NoAccessError | UnsendableError):
            raise refusal from error
        raise


async def take_away(interaction: Asked) -> None:
    """The message whose button was pressed is gone, by the press's own right: the bot need see no channel."""
    if not interaction.response.is_done():
        await interaction.response.defer()
    try:
        await interaction.delete_original_response()
    except discord.NotFound as error:
        if error.code != UNKNOWN_MESSAGE:
            raise


async def take_away_elsewhere(client: discord.Client, channel_id: int, message_id: int) -> None:
    """Another message of the bot's is gone, too, if the bot can see to that; else the log says so."""
    channel = client.get_partial_messageable(channel_id)
    try:
        async with asyncio.timeout(DELETE_S):
            await channel.get_partial_message(message_id).delete()
    except TROUBLE as error:
        log.warning("A result could not be taken away: %s", error, extra={"channel": channel_id})
