"""Edits and deletions of the message whose button was pressed."""

import asyncio
import logging
from typing import TypedDict, Unpack

import discord

from bot.chat.api_errors import API_ERRORS, messenger_error
from bot.chat.interactions.respond import AnyInteraction
from bot.domain.errors import InvalidMessageError, NoAccessError

log = logging.getLogger(__name__)

UNKNOWN_MESSAGE = 10008
DELETE_S = 10.0
"""Timeout of deleting another message, in seconds."""


class MessageChanges(TypedDict, total=False):
    """The fields of a message that change; the rest stays as it is."""

    content: str
    embed: discord.Embed
    view: discord.ui.View


async def edit_source_message(interaction: AnyInteraction, **parts: Unpack[MessageChanges]) -> None:
    """Edit the message whose button was pressed, at once or after the deferral.

    Raises:
        NoAccessError, InvalidMessageError: Discord refuses the edit; what the press did before it stays.
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


async def delete_source_message(interaction: AnyInteraction) -> None:
    """Delete the message whose button was pressed, by the interaction's token.

    This works without access to the channel. A message that is already deleted is no error.
    """
    if not interaction.response.is_done():
        await interaction.response.defer()
    try:
        await interaction.delete_original_response()
    except discord.NotFound as error:
        if error.code != UNKNOWN_MESSAGE:
            raise


async def delete_message(client: discord.Client, channel_id: int, message_id: int) -> None:
    """Delete another message of the bot's; log it if that fails."""
    channel = client.get_partial_messageable(channel_id)
    try:
        async with asyncio.timeout(DELETE_S):
            await channel.get_partial_message(message_id).delete()
    except API_ERRORS as error:
        log.warning("A result could not be deleted: %s", error, extra={"channel": channel_id})
