"""Who may use the operator's commands: the application's owner, or whoever belongs to its team."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import discord

from bot.chat.client import client_of
from bot.domain.moderator_errors import NotOperatorError

T = TypeVar("T")


async def as_operator(
    interaction: discord.Interaction[discord.Client], operation: Callable[[], Awaitable[T]]
) -> T:
    """What the operation gives; it is begun for the bot's operator only.

    Raises:
        NotOperatorError: the member is somebody else.
        discord.HTTPException: Discord does not say whose the bot is.
    """
    if not await client_of(interaction).is_owner(interaction.user):
        raise NotOperatorError
    return await operation()
