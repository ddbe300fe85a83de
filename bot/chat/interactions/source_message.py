"""Answering a press by changing the message whose button it was."""

import asyncio
import logging
from typing import TypedDict, Unpack

import discord

from bot.chat.api_errors import TROUBLE, messenger_error
from bot.chat.interactions.respond import Asked
from bot.domain.errors import InvalidMessageError, NoAccessError

log = logging.getLogger(__name__)

UNKNOWN_MESSAGE = 10008
DELETE_S = 10.0
"""Seconds that taking another message away may take."""


class MessageChanges(TypedDict, total=False):
    """What of a message is to change; the rest stays as it is."""

    content: str
    embed: discord.Embed
    view: discord.ui.View


async def edit_source_message(interaction: Asked, **parts: Unpack[MessageChanges]) -> None:
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
        refusal = messenger_error(error, by_token=True)
        if isinstance(refusal, NoAccessError | InvalidMessageError):
            raise refusal from error
        raise


async def delete_source_message(interaction: Asked) -> None:
    """The message whose button was pressed is gone, by the press's own right: the bot need see no channel."""
    if not interaction.response.is_done():
        await interaction.response.defer()
    try:
        await interaction.delete_original_response()
    except discord.NotFound as error:
        if error.code != UNKNOWN_MESSAGE:
            raise


async def delete_message(client: discord.Client, channel_id: int, message_id: int) -> None:
    """Another message of the bot's is gone, too, if the bot can see to that; else the log says so."""
    channel = client.get_partial_messageable(channel_id)
    try:
        async with asyncio.timeout(DELETE_S):
            await channel.get_partial_message(message_id).delete()
    except TROUBLE as error:
        log.warning("A result could not be taken away: %s", error, extra={"channel": channel_id})
