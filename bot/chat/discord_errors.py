"""What Discord's refusals mean for a message: one table of codes, and what to think of the others."""

import json
from types import MappingProxyType

import aiohttp
import discord

from bot.chat.discord_http import NotConnectedError
from bot.domain.errors import (
    AnnounceError,
    MessageGoneError,
    NoAccessError,
    TokenDeadError,
    TryLaterError,
    UnsendableError,
)

TROUBLE = (
    discord.HTTPException,
    discord.RateLimited,
    aiohttp.ClientError,
    json.JSONDecodeError,
    OSError,  # with TimeoutError
)
"""What a call to Discord raises when it does not work; a reset is none of discord.py's own errors."""

NOT_SENT = (aiohttp.ClientConnectorError, NotConnectedError)
"""Those of them after which Discord surely knows nothing of the call."""

CLOSED = MappingProxyType(
    {
        10003: "unknown channel",
        10004: "unknown guild",
        10013: "unknown user",
        50001: "missing access",
        50007: "takes no direct messages",
        50013: "missing permissions",
        50033: "invalid recipient",
        50083: "the thread is archived",
        50278: "no server in common",
        160005: "the thread is locked",
    }
)
"""Discord's JSON error codes for a place where the bot cannot speak (reference, "JSON Error Codes")."""
NO_CHANNEL = 10003
GONE = frozenset({10008})
"""Unknown message."""
DEAD_TOKEN = frozenset({10015, 10062, 50027})
"""Unknown webhook, unknown interaction, invalid webhook token."""
TOO_LARGE = 40005
TOO_OFTEN = frozenset({30046})
"""Too many edits of a message older than an hour."""
LARGEST_PAUSE_S = 3600.0
"""A longer `Retry-After` (seconds) is not believed."""


def announce_error(error: BaseException, *, by_token: bool) -> AnnounceError:
    """What the courier has to know of one of `TROUBLE`; `by_token` is true for an interaction's token."""
    if isinstance(error, discord.RateLimited):
        return TryLaterError("too many requests", error.retry_after, not_taken=True)
    if not isinstance(error, discord.HTTPException):
        return TryLaterError(type(error).__name__, not_taken=isinstance(error, NOT_SENT))
    if error.status == 429 or error.code in TOO_OFTEN:
        return TryLaterError(f"429 {error.code}", _pause_s(error), not_taken=True)
    if error.code in GONE:
        return MessageGoneError()
    if error.code in CLOSED:
        return NoAccessError(CLOSED[error.code], gone=error.code == NO_CHANNEL)
    if by_token and (error.code in DEAD_TOKEN or error.status == 401):
        return TokenDeadError()
    return _unknown(error)


def _unknown(error: discord.HTTPException) -> AnnounceError:
    """A refusal that is in no table; one without a code of Discord's may be the network before it."""
    cause = f"{error.status} {error.code} {error.text[:200]}".rstrip()
    if error.status in {400, 413}:
        return UnsendableError(cause, is_too_large=error.status == 413 or error.code == TOO_LARGE)
    if error.status in {403, 404} and error.code:
        return NoAccessError(cause)
    return TryLaterError(cause)


def _pause_s(error: discord.HTTPException) -> float | None:
    try:
        pause_s = float(error.response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return pause_s if 0 <= pause_s <= LARGEST_PAUSE_S else None
