"""The answer to a new song request, from the command or from a button of an earlier song."""

from collections.abc import Coroutine
from typing import TypeAlias

from bot.chat.api_errors import API_ERRORS
from bot.chat.delivery.status_message import status_message
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import is_gone
from bot.chat.interactions.respond import respond, run_or_defer
from bot.domain.errors import AnsweredElsewhereError, ChannelError, ChannelGoneError
from bot.services.cards import StatusCard

Placing: TypeAlias = Coroutine[object, object, StatusCard]
"""The call of the service that places a request."""


async def respond_with_status(interaction: GuildInteraction, placing: Placing) -> None:
    """Place the request and answer the interaction with its public status.

    The request is cancelled if another copy of the bot has answered.
    """
    songs = interaction.services.requests
    card = await run_or_defer(interaction, _placed(interaction, placing), ephemeral=False)
    try:
        message_id = await respond(interaction, status_message(card), ephemeral=False)
    except AnsweredElsewhereError:
        await songs.cancel_duplicate(card.request_id)
        raise
    except API_ERRORS:
        await songs.record_answer(card.request_id, None)
        raise
    await songs.record_answer(card.request_id, message_id)


async def _placed(interaction: GuildInteraction, placing: Placing) -> StatusCard:
    """Place the request and return its status.

    Raises:
        ChannelGoneError: songs can only be requested in a channel that was deleted.
    """
    try:
        return await placing
    except ChannelError as error:
        if await is_gone(interaction, error.channel_id):
            raise ChannelGoneError(is_moderator=interaction.is_moderator) from error
        raise
