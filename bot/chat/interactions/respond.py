"""The one response to each interaction: at once if possible, otherwise in place of its deferral."""

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from dataclasses import replace
from typing import TypeVar, Unpack

import aiohttp
import discord
from discord import InteractionResponseType, app_commands

from bot.chat.api_errors import API_ERRORS, messenger_error
from bot.chat.connection.webhook_adapter import ADAPTER, ALREADY_ACKNOWLEDGED
from bot.chat.interactions.context import AnyInteraction, GuildInteraction
from bot.chat.messages.rendered import MessageFields, RenderedMessage
from bot.chat.text.errors import sentence, unexpected
from bot.domain.errors import AnsweredElsewhereError, InspireError, InvalidMessageError, NoAccessError

log = logging.getLogger(__name__)

ERROR_TIMEOUT_S = 10.0
"""Timeout of an error's response in seconds."""
UNKNOWN_MESSAGE = 10008
UNKNOWN_INTERACTION = 10062
BESIDE = "beside"
"""Key in `extras`: the message whose embeds, buttons and files go with an error."""
DEFERRAL = "deferral"
"""Key in `extras` while the interaction is deferred: whether the response is for the member alone."""

T = TypeVar("T")


async def run_or_defer(
    interaction: GuildInteraction,
    operation: Coroutine[object, object, T],
    *,
    ephemeral: bool = True,
    updates: bool = False,
) -> T:
    """Run the operation and return its result; defer the interaction if that takes too long.

    The deferral announces a new message, or with `updates` an edit of the one whose button was pressed.
    The operation is finished even if Discord refuses the deferral.
    """
    task = asyncio.ensure_future(operation)
    left_s = max(0.0, interaction.defer_at_s - asyncio.get_running_loop().time())
    done, _ = await asyncio.wait({task}, timeout=left_s)
    if not done:
        await defer(interaction, ephemeral=ephemeral, updates=updates)
    return await task


async def defer(interaction: GuildInteraction, *, ephemeral: bool = True, updates: bool = False) -> None:
    """Defer the interaction unless it has a response; a refusal by Discord is only logged."""
    raw = interaction.raw
    if raw.response.is_done():
        return
    try:
        await raw.response.defer(ephemeral=ephemeral, thinking=not updates)
        raw.extras[DEFERRAL] = ephemeral
    except API_ERRORS as error:
        log.warning("The deferral was refused: %s", error, extra={"interaction": raw.id})


async def respond(
    interaction: GuildInteraction, reply: RenderedMessage | discord.Embed | str, *, ephemeral: bool = True
) -> int | None:
    """Respond at once, in place of the deferral, or after an earlier response; return the message's id.

    The id is None if another copy of the bot may have responded.

    Raises:
        AnsweredElsewhereError: another copy of the bot has responded.
        discord.DiscordException, aiohttp.ClientError, OSError: the call failed.
    """
    if isinstance(reply, discord.Embed):
        reply = RenderedMessage(embeds=[reply])
    elif isinstance(reply, str):
        reply = RenderedMessage(content=reply)
    return await _respond(interaction.raw, reply, ephemeral=ephemeral)


async def respond_with_error(interaction: AnyInteraction, error: Exception) -> None:
    """Tell the member what went wrong; log an unexpected error under a reference that they can quote.

    Errors of Discord and the network are logged, never raised.
    """
    cause = root_error(error)
    if _code(cause) == UNKNOWN_INTERACTION:
        log.warning("The interaction was over before its answer", extra={"interaction": interaction.id})
        return
    if isinstance(cause, AnsweredElsewhereError) or _code(cause) == ALREADY_ACKNOWLEDGED:
        log.error(
            "OPERATOR: another copy of the bot, with the same token and another database, has answered first",
            extra={"interaction": interaction.id},
        )
        return
    words = sentence(cause) or _log_unexpected(interaction, cause)
    try:
        async with asyncio.timeout(ERROR_TIMEOUT_S):
            if interaction.type is not discord.InteractionType.autocomplete:
                reply = replace(interaction.extras.get(BESIDE) or RenderedMessage(), content=words)
                await _respond(interaction, reply, ephemeral=True)
            elif not interaction.response.is_done():
                await interaction.response.autocomplete([])  # it cannot show text
    except (discord.DiscordException, aiohttp.ClientError, OSError, AnsweredElsewhereError) as failure:
        log.warning("The answer could not be sent: %r", failure, extra={"interaction": interaction.id})


async def edit_source_message(interaction: GuildInteraction, **changes: Unpack[MessageFields]) -> None:
    """Edit the message whose button was pressed, at once or after the deferral.

    Raises:
        NoAccessError, InvalidMessageError: Discord refuses the edit; what the press did before it stays.
    """
    raw = interaction.raw
    try:
        if not raw.response.is_done():
            edited = await raw.response.edit_message(**changes)
            if edited is not None and edited.message_id is not None:
                return
            # a call was cut off before: Discord has a response, but perhaps only the deferral
        await raw.edit_original_response(**changes)
    except discord.HTTPException as error:
        refusal = messenger_error(error, by_token=True)
        if isinstance(refusal, NoAccessError | InvalidMessageError):
            raise refusal from error
        raise


async def delete_source_message(interaction: GuildInteraction) -> None:
    """Delete the message whose button was pressed, by the interaction's token.

    This works without access to the channel. A message that is already deleted is no error.
    """
    if not interaction.raw.response.is_done():
        await interaction.raw.response.defer()
    try:
        await interaction.raw.delete_original_response()
    except discord.NotFound as error:
        if error.code != UNKNOWN_MESSAGE:
            raise


async def _respond(interaction: AnyInteraction, reply: RenderedMessage, *, ephemeral: bool) -> int | None:
    if not interaction.response.is_done():
        message_id = await _send_first(interaction, reply, ephemeral=ephemeral)
        return message_id or await _fill_deferral(interaction, reply, ephemeral=ephemeral)
    if interaction.response.type is InteractionResponseType.deferred_channel_message:
        return await _fill_deferral(interaction, reply, ephemeral=ephemeral)
    return await _follow_up(interaction, reply, ephemeral=ephemeral)


async def _send_first(interaction: AnyInteraction, reply: RenderedMessage, *, ephemeral: bool) -> int | None:
    """Send the interaction's first response; return its id, or None if an earlier call was cut off.

    Raises:
        AnsweredElsewhereError: another copy of the bot has responded.
    """
    try:
        sent = await interaction.response.send_message(
            **reply.fields(), files=reply.files(), ephemeral=ephemeral
        )
    except discord.HTTPException as error:
        if error.code != ALREADY_ACKNOWLEDGED:
            raise
        raise AnsweredElsewhereError from error  # the adapter has absorbed those of this process
    return sent.message_id


async def _fill_deferral(
    interaction: AnyInteraction, reply: RenderedMessage, *, ephemeral: bool
) -> int | None:
    """Respond in place of the deferral, or after it if the visibility differs; return the message's id.

    If it is unknown what Discord shows, because a call was cut off, this looks there first.

    Raises:
        AnsweredElsewhereError: the interaction has another response, which this process did not send.
    """
    was_cut_off = ADAPTER.was_cut_off(interaction.id)
    deferral: bool | None = interaction.extras.pop(DEFERRAL, None)
    if was_cut_off or deferral is None:
        original = await _original(interaction)
        if original is None:
            return None
        if not original.flags.loading:
            if was_cut_off and not _is_source(interaction, original):
                return _id_of_own(original, reply)
            return await _follow_up(interaction, reply, ephemeral=ephemeral)
        deferral = original.flags.ephemeral
    if deferral is not ephemeral:
        # a first follow-up would take the place of the deferral, and its visibility
        await interaction.delete_original_response()
        return await _follow_up(interaction, reply, ephemeral=ephemeral)
    filled = await interaction.edit_original_response(**reply.fields(), attachments=reply.files())
    return None if was_cut_off else filled.id  # another copy may be about to do the same


async def _original(interaction: AnyInteraction) -> discord.InteractionMessage | None:
    """Fetch the interaction's response; None if that fails, and there is no deferral to fill."""
    try:
        return await interaction.original_response()
    except API_ERRORS as error:
        if interaction.response.type is InteractionResponseType.deferred_channel_message:
            raise
        log.info("The answer's id could not be fetched: %s", error, extra={"interaction": interaction.id})
        return None


def _is_source(interaction: AnyInteraction, message: discord.Message) -> bool:
    """Tell whether the message is the one whose button was pressed: then an edit of it was announced."""
    return interaction.message is not None and interaction.message.id == message.id


def _id_of_own(message: discord.Message, reply: RenderedMessage) -> int:
    """Return the message's id if it has these contents.

    Raises:
        AnsweredElsewhereError: it has others.
    """
    if not reply.is_shown_by(message):
        raise AnsweredElsewhereError
    return message.id


async def _follow_up(interaction: AnyInteraction, reply: RenderedMessage, *, ephemeral: bool) -> int:
    """Respond with a further message, and return its id."""
    send, fields = interaction.followup.send, reply.fields()
    return (await send(**fields, files=reply.files(), ephemeral=ephemeral, wait=True)).id


def _log_unexpected(interaction: AnyInteraction, cause: Exception) -> str:
    """Log an error that has no sentence, and return the words about it."""
    reference = secrets.token_hex(3).upper()
    log.error(
        "Unexpected error, reference %s",
        reference,
        exc_info=cause,
        extra={"interaction": interaction.id, "reference": reference},
    )
    return unexpected(reference, cause)


def _code(error: Exception) -> int | None:
    """Return Discord's error code if the error is a response of Discord's."""
    return error.code if isinstance(error, discord.HTTPException) else None


def root_error(error: Exception) -> Exception:
    """Return the original error if discord.py has wrapped it."""
    if isinstance(error, app_commands.CommandInvokeError):
        return error.original
    if isinstance(error, app_commands.TransformerError) and isinstance(error.__cause__, InspireError):
        return error.__cause__
    return error
