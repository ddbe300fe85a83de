"""Reduced forms of messages, for when Discord refuses the full one."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain.errors import InvalidMessageError
from bot.domain.requests import Request
from bot.services.ports import MessageForm

log = logging.getLogger(__name__)
T = TypeVar("T")

REFUSED_FOR = timedelta(days=1)
"""How long after a request's end a message that Discord refuses in every form is retried."""


async def send_with_fallback(
    send: Callable[[MessageForm], Awaitable[T]], *, what: str, facts: Mapping[str, object]
) -> T:
    """Send a message in full, or bare if Discord refuses that; return what `send` returns.

    Raises:
        InvalidMessageError: Discord refuses the bare form, too.
    """
    try:
        return await send(MessageForm.FULL)
    except InvalidMessageError as error:
        log.warning("Discord refuses a %s, sending a plainer one: %s", what, error.cause, extra=facts)
    return await send(MessageForm.BARE)


def may_be_accepted_later(request: Request, now: datetime) -> bool:
    """Return True if a message that is refused in every form is to be retried."""
    # by age, because attempts are also counted for other failures
    return now - (request.ended_at or request.placed_at) < REFUSED_FOR
