"""Asking for a song: by the command, or by a button of an earlier song."""

from collections.abc import Coroutine

from bot.chat.client import client_of
from bot.chat.render.status import status_message
from bot.chat.showing import Asked, outcome, show
from bot.services.cards import StatusCard


async def answer_with_status(interaction: Asked, placing: Coroutine[object, object, StatusCard]) -> None:
    """The interaction is answered with the public status of the request that it placed."""
    card = await outcome(interaction, placing, ephemeral=False)
    embed, view = status_message(card)
    message_id = await show(interaction, embed, view, ephemeral=False)
    if message_id is not None:
        await client_of(interaction).services.songs.answered(card.request_id, message_id)
