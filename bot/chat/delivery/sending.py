"""One attempt to send a message: its timeout, and its errors as those of the port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.chat.api_errors import API_ERRORS, messenger_error
from bot.chat.connection.webhook_adapter import safe_webhooks


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
