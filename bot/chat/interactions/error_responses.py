"""Ephemeral answers to interactions, for errors above all."""

import asyncio
import logging
import secrets

import aiohttp
import discord
from discord import app_commands

from bot.chat.text.errors import sentence, unexpected
from bot.chat.text.formatting import CONTENT_LIMIT
from bot.domain.errors import AnsweredElsewhereError, InspireError

log = logging.getLogger(__name__)

RESPONSE_TIMEOUT_S = 10.0
"""Timeout of an answer in seconds."""
UNKNOWN_INTERACTION = 10062
ALREADY_ACKNOWLEDGED = 40060
QUIET = discord.AllowedMentions.none()


async def respond_with_error(interaction: discord.Interaction[discord.Client], error: Exception) -> None:
    """Tell the member what went wrong; log an unexpected error under a reference that they can quote.

    Errors of Discord and the network are logged, never raised.
    """
    cause = _root(error)
    if _code(cause) == UNKNOWN_INTERACTION:
        log.warning("The interaction was over before its answer", extra={"interaction": interaction.id})
        return
    if isinstance(cause, AnsweredElsewhereError) or _code(cause) == ALREADY_ACKNOWLEDGED:
        log.error(
            "OPERATOR: another copy of the bot, with the same token and another database, has answered first",
            extra={"interaction": interaction.id},
        )
        return
    words = sentence(cause)
    if words is None:
        reference = secrets.token_hex(3).upper()
        log.error(
            "Unexpected error, reference %s",
            reference,
            exc_info=cause,
            extra={"interaction": interaction.id, "reference": reference},
        )
        words = unexpected(reference, cause)
    try:
        if interaction.type is discord.InteractionType.autocomplete:
            await _offer_nothing(interaction)
        else:
            await respond_with_text(interaction, words)
    except (discord.DiscordException, aiohttp.ClientError, OSError) as failure:
        log.warning("The answer could not be sent: %s", failure, extra={"interaction": interaction.id})


async def respond_with_text(interaction: discord.Interaction[discord.Client], words: str) -> None:
    """Answer with an ephemeral message, whatever was answered before.

    A public deferral that still shows "thinking" is deleted first, because its first follow-up would be
    public as well.
    """
    async with asyncio.timeout(RESPONSE_TIMEOUT_S):
        if not interaction.response.is_done() and await _answered_first(interaction, words):
            return
        if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
            original = await interaction.original_response()
            if original.flags.loading and original.flags.ephemeral:
                await interaction.edit_original_response(
                    content=words[:CONTENT_LIMIT], allowed_mentions=QUIET
                )
                return
            if original.flags.loading:
                await interaction.delete_original_response()
        await interaction.followup.send(words[:CONTENT_LIMIT], ephemeral=True, allowed_mentions=QUIET)


async def _offer_nothing(interaction: discord.Interaction[discord.Client]) -> None:
    """Answer an autocomplete with an empty list, because it cannot show text."""
    async with asyncio.timeout(RESPONSE_TIMEOUT_S):
        if not interaction.response.is_done():
            await interaction.response.autocomplete([])


async def _answered_first(interaction: discord.Interaction[discord.Client], words: str) -> bool:
    """Send the interaction's first answer; return False if Discord already has one."""
    try:
        await interaction.response.send_message(words[:CONTENT_LIMIT], ephemeral=True, allowed_mentions=QUIET)
    except discord.HTTPException as error:
        if error.code != ALREADY_ACKNOWLEDGED:
            raise
        return False
    return True


def _code(error: Exception) -> int | None:
    """Return Discord's error code if the error is a response of Discord's."""
    return error.code if isinstance(error, discord.HTTPException) else None


def _root(error: Exception) -> Exception:
    """Return the original error if discord.py has wrapped it."""
    if isinstance(error, app_commands.CommandInvokeError):
        return error.original
    if isinstance(error, app_commands.TransformerError) and isinstance(error.__cause__, InspireError):
        return error.__cause__
    return error
