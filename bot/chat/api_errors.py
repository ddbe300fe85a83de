"""Discord's error codes, and what each means for the message that was being sent.

    LATER      the same message is taken at another time
    ELSEWHERE  the bot can't speak in this place, but perhaps in another
    PLAINER    the message is not taken as it is, but perhaps with less in it
    GONE       the message that was to be changed does not exist
    DEAD       the interaction's token no longer works
    BUG        the call itself is malformed, which only this program can be to blame for; an error in the log
               says so under a reference, and the sender does what it does after PLAINER

An unknown code counts as PLAINER: the sender tries less of the message, then other places, then later. So no
refusal of one message ends a song.
"""

import json
import logging
import re
import secrets
from enum import StrEnum
from types import MappingProxyType

import aiohttp
import discord

from bot.domain.errors import (
    InvalidMessageError,
    MalformedError,
    MessageGoneError,
    MessengerError,
    NoAccessError,
    RetryableError,
    TokenExpiredError,
)
from bot.domain.retry_policy import MAX_RETRY_AFTER_S

log = logging.getLogger(__name__)


class NotConnectedError(aiohttp.ClientConnectionError):
    """A call while not logged in to Discord: nothing was sent."""


API_ERRORS = (
    discord.HTTPException,
    discord.RateLimited,
    aiohttp.ClientError,
    json.JSONDecodeError,
    OSError,  # with TimeoutError
)
"""What a failed call to Discord raises; a connection reset is none of discord.py's own errors."""

NOT_SENT = (aiohttp.ClientConnectorError, NotConnectedError)
"""Those of them that are raised before anything reaches Discord."""


class Refusal(StrEnum):
    """What to do about a refusal."""

    LATER = "later"
    ELSEWHERE = "elsewhere"
    PLAINER = "plainer"
    GONE = "gone"
    DEAD = "dead"
    BUG = "bug"


REFUSALS = MappingProxyType(
    {
        10003: (Refusal.ELSEWHERE, "unknown channel"),
        10004: (Refusal.ELSEWHERE, "unknown server"),
        10008: (Refusal.GONE, "unknown message"),
        10013: (Refusal.ELSEWHERE, "unknown user"),
        10015: (Refusal.DEAD, "unknown webhook"),
        10062: (Refusal.DEAD, "unknown interaction"),
        20001: (Refusal.BUG, "not a call for bots"),
        20009: (Refusal.PLAINER, "explicit content"),
        20016: (Refusal.LATER, "slow mode"),
        20022: (Refusal.LATER, "too many edits of announcements"),
        20028: (Refusal.LATER, "too many messages in the channel"),
        20029: (Refusal.LATER, "too many messages in the server"),
        20031: (Refusal.PLAINER, "words that are not allowed"),
        30046: (Refusal.LATER, "too many edits of a message older than an hour"),
        40003: (Refusal.LATER, "direct messages are opened too fast"),
        40004: (Refusal.LATER, "sending is disabled for a while"),
        40005: (Refusal.PLAINER, "too large"),
        40006: (Refusal.LATER, "a feature is disabled for a while"),
        40062: (Refusal.LATER, "the service is rate limited"),
        40058: (Refusal.ELSEWHERE, "not a channel for messages"),
        50001: (Refusal.ELSEWHERE, "missing access"),
        50005: (Refusal.BUG, "somebody else's message"),
        50006: (Refusal.BUG, "empty"),
        50007: (Refusal.ELSEWHERE, "takes no direct messages"),
        50008: (Refusal.ELSEWHERE, "not a channel for messages"),
        50009: (Refusal.ELSEWHERE, "the channel's verification level is too high"),
        50013: (Refusal.ELSEWHERE, "missing permissions"),
        50024: (Refusal.ELSEWHERE, "not possible in this kind of channel"),
        50027: (Refusal.DEAD, "invalid webhook token"),
        50033: (Refusal.ELSEWHERE, "invalid recipient"),
        50035: (Refusal.BUG, "a part of the message is malformed"),
        50041: (Refusal.BUG, "invalid version of the API"),
        50045: (Refusal.PLAINER, "a file is too large"),
        50046: (Refusal.PLAINER, "a file is invalid"),
        50083: (Refusal.ELSEWHERE, "the thread is archived"),
        50109: (Refusal.BUG, "invalid JSON"),
        50278: (Refusal.ELSEWHERE, "no server in common"),
        130000: (Refusal.LATER, "Discord is overloaded"),
        160002: (Refusal.ELSEWHERE, "no permission to answer messages"),
        160005: (Refusal.ELSEWHERE, "the thread is locked"),
        160009: (Refusal.ELSEWHERE, "no permission to read the messages of the song's channel"),
        200000: (Refusal.PLAINER, "blocked by the server's AutoMod"),
        200001: (Refusal.PLAINER, "its title is blocked by the server's AutoMod"),
        240000: (Refusal.PLAINER, "blocked by the filter for harmful links"),
        400001: (Refusal.PLAINER, "uploads are limited in the server"),
    }
)
"""By Discord's code (reference, "Opcodes and Status Codes", "JSON Error Codes")."""
NO_CHANNEL = 10003
TOO_LARGE = 413
MALFORMED = frozenset({405, 411, 415, 422})
"""HTTP statuses of calls that would fail at any time and in any channel."""
FIELD = re.compile(r"^In ([\w.]+):", re.MULTILINE)
"""How discord.py names a field that is wrong, in its error text."""
UNKNOWN_REFERENCE = re.compile(r"^In message_reference: Unknown message", re.MULTILINE)
"""How Discord calls the absence of a message that is to be forwarded or answered."""
FIELDS = 5
"""How many fields the log names at most."""
TOO_LARGE_CODES = frozenset({40005, 50045})


def messenger_error(error: BaseException, *, by_token: bool) -> MessengerError:
    """Convert one of `API_ERRORS` into an error of the port.

    `by_token` is true if the call used an interaction's token.
    """
    if isinstance(error, discord.RateLimited):
        return RetryableError("too many requests", error.retry_after, not_taken=True)
    if not isinstance(error, discord.HTTPException):
        return RetryableError(type(error).__name__, not_taken=isinstance(error, NOT_SENT))
    if error.status == 429:
        return RetryableError(f"429 {error.code}", _pause_s(error), not_taken=True)
    return _refused(error, by_token=by_token)


def _refused(error: discord.HTTPException, *, by_token: bool) -> MessengerError:
    """Convert a refusal into the error that the table names for its code."""
    refusal, meaning = REFUSALS.get(error.code, (_by_status(error), ""))
    cause = f"{error.status} {error.code} {meaning or error.text[:200]}".rstrip()
    if by_token and error.status == 401:
        refusal = Refusal.DEAD
    if UNKNOWN_REFERENCE.search(error.text):
        refusal = Refusal.GONE
    match refusal:
        case Refusal.LATER:
            return RetryableError(cause, _pause_s(error), not_taken=error.status < 500)
        case Refusal.ELSEWHERE:
            return NoAccessError(meaning or cause, gone=error.code == NO_CHANNEL)
        case Refusal.GONE:
            return MessageGoneError()
        case Refusal.DEAD:
            return TokenExpiredError() if by_token else NoAccessError(meaning or cause)
        case Refusal.BUG:
            return _malformed(error, cause)
        case Refusal.PLAINER:
            return InvalidMessageError(
                cause, is_too_large=error.status == TOO_LARGE or error.code in TOO_LARGE_CODES
            )


def _malformed(error: discord.HTTPException, cause: str) -> MalformedError:
    """Log a malformed call by the names of its fields only: their values may be what a member wrote."""
    reference = secrets.token_hex(3).upper()
    fields = ", ".join(FIELD.findall(error.text)[:FIELDS]) or "-"
    log.error(
        "A message to Discord was malformed, reference %s: %s, fields: %s",
        reference,
        cause,
        fields,
        extra={"reference": reference},
    )
    return MalformedError(cause)


def _by_status(error: discord.HTTPException) -> Refusal:
    """Classify a refusal that is not in the table by its HTTP status.

    One without a code may come from a proxy or firewall in front of Discord.
    """
    if error.status in MALFORMED or (error.status == 400 and not error.code):
        return Refusal.BUG
    if error.status in {400, TOO_LARGE}:
        return Refusal.PLAINER
    if error.code and error.status == 403:
        return Refusal.PLAINER
    if error.code and error.status == 404:
        return Refusal.ELSEWHERE
    return Refusal.LATER


def _pause_s(error: discord.HTTPException) -> float | None:
    """Read the `Retry-After` header, in seconds; None if it is missing or not plausible."""
    try:
        pause_s = float(error.response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return pause_s if 0 <= pause_s <= MAX_RETRY_AFTER_S else None
