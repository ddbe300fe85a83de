"""Asking for a song: by the command, or by a button of an earlier song."""

from collections.abc import Coroutine

from bot.chat.client import client_of
from bot.chat.discord_errors import TROUBLE
from bot.chat.moderators import is_moderator
from bot.chat.places import is_gone
from bot.chat.render.status import status_message
from bot.chat.showing import Asked, outcome, show
from bot.domain.errors import AnsweredElsewhereError, ChannelError, ChannelGoneError
from bot.services.cards import StatusCard


async def answer_with_status(interaction: Asked, placing: Coroutine[object, object, StatusCard]) -> None:
    """The interaction is answered with the public status of the request that it placed."""
    songs = client_of(interaction).services.songs
    card = await outcome(interaction, _placed(interaction, placing), ephemeral=False)
    embed, view = status_message(card)
    try:
        message_id = await show(interaction, embed, view, ephemeral=False)
    except AnsweredElsewhereError:
        await songs.withdraw(card.request_id)
        raise
    except TROUBLE:
        await songs.answered(card.request_id, None)
        raise
    await songs.answered(card.request_id, message_id)


async def _placed(interaction: Asked, placing: Coroutine[object, object, StatusCard]) -> StatusCard:
    """Return the status; nobody is sent to a channel that was deleted.

    Raises:
        ChannelGoneError: songs are to be asked for in such a one.
    """
    try:
        return await placing
    except ChannelError as error:
        if await is_gone(interaction, error.channel_id):
            raise ChannelGoneError(is_moderator=is_moderator(interaction)) from error
        raise
