"""How much of a message is sent: less of it when Discord refuses the whole."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from bot.domain.errors import InvalidMessageError
from bot.domain.requests import Request

log = logging.getLogger(__name__)
T = TypeVar("T")

REFUSED_FOR = timedelta(days=1)
"""So long after a request's end, what Discord refuses in every form is given up."""
REFUSED_PAUSE_S = 60.0
"""Seconds before it is tried again in every form; doubled each time."""
REFUSED_PAUSE_MAX_S = 1200.0


class MessageForm(StrEnum):
    """How much of a message is sent."""

    FULL = "full"
    LINKS = "links"
    """Of a result: no embeds and no titles, only links."""
    BARE = "bare"
    """Nothing that people wrote and no links: what it is about, in the bot's own words."""


async def send_plainest(
    send: Callable[[MessageForm], Awaitable[T]], *, what: str, facts: Mapping[str, object]
) -> T:
    """Send a message in full, or bare when Discord refuses that; give what `send` gives.

    Raises:
        UnsendableError: Discord refuses it bare, too.
    """
    try:
        return await send(MessageForm.FULL)
    except InvalidMessageError as error:
        log.warning("Discord refuses a %s, a plainer one is tried: %s", what, error.cause, extra=facts)
    return await send(MessageForm.BARE)


def may_be_taken_later(request: Request, now: datetime) -> bool:
    """Tell whether what is refused in every form is tried again; time, since tries have many causes."""
    return now - (request.ended_at or request.placed_at) < REFUSED_FOR


def pause_of_refused(attempts: int) -> float:
    """Give the seconds before what is refused in every form is tried again, after so many tries."""
    return min(REFUSED_PAUSE_S * 2.0 ** min(attempts, 20), REFUSED_PAUSE_MAX_S)
