"""One attempt to send a message: its arguments, its timeout and its errors as those of the port."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

import discord

from bot.chat.api_errors import API_ERRORS, messenger_error
from bot.chat.connection.webhook_adapter import safe_webhooks
from bot.chat.delivery.result_message import ResultMessage


class Message(TypedDict):
    """The arguments that every way of sending takes."""

    content: str
    embeds: list[discord.Embed]
    view: discord.ui.View
    files: list[discord.File]
    allowed_mentions: discord.AllowedMentions


class Edited(TypedDict, total=False):
    """The fields that an edit changes; the rest stays as it is."""

    content: str
    embed: discord.Embed
    view: discord.ui.View
    allowed_mentions: discord.AllowedMentions


@asynccontextmanager
async def in_time(limit_s: float, *, by_token: bool = False) -> AsyncIterator[None]:
    """Limit a call to Discord to `limit_s` seconds, and convert its errors into those of the port.

    Raises:
        MessengerError: the subclass says what the sender can do next.
    """
    try:
        with safe_webhooks(limit_s):
            async with asyncio.timeout(limit_s):
                yield
    except API_ERRORS as error:
        raise messenger_error(error, by_token=by_token) from error


def message_of(result: ResultMessage, *, user_id: int) -> Message:
    """Build the message for one attempt: a `discord.File` that was sent once is empty the second time."""
    return Message(
        content=result.content,
        embeds=result.embeds,
        view=result.view,
        files=[discord.File(io.BytesIO(media.data), filename=name) for name, media in result.attachments],
        allowed_mentions=discord.AllowedMentions(
            everyone=False, roles=False, replied_user=False, users=[discord.Object(user_id)]
        ),
    )
