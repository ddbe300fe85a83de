"""Handling of gateway events that cannot be parsed: each is logged, and the connection stays.

discord.py closes the client when the parser of an event raises.
"""

import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import discord
from discord.http import Route

from bot.chat.api_errors import API_ERRORS
from bot.chat.text.errors import UNREADABLE

log = logging.getLogger(__name__)

Parser: TypeAlias = Callable[[Any], None]
OnUnreadable: TypeAlias = Callable[[str, object], None]
"""Called with the event's name and payload."""

INTERACTION = "INTERACTION_CREATE"
AUTOCOMPLETE, MESSAGE, CHOICES = 4, 4, 8
"""One type of interaction, and two of responses (reference, "Receiving and Responding")."""
EPHEMERAL = 1 << 6


def guard_parsers(parsers: dict[str, Parser], on_unreadable: OnUnreadable) -> None:
    """Make each of a client's parsers report an event that it cannot parse, instead of raising."""
    for event, parser in parsers.items():
        parsers[event] = _guarded(event, parser, on_unreadable)


def _guarded(event: str, parser: Parser, on_unreadable: OnUnreadable) -> Parser:
    def parse(payload: object) -> None:
        try:
            parser(payload)
        except Exception as error:  # noqa: BLE001 - an edge: the next events are parsed in any case
            log.error("An event of Discord's could not be read: %s, %s", event, place_of(error))
            on_unreadable(event, payload)

    return parse


def place_of(error: Exception) -> str:
    """Return the error's type and where it was raised, without its text: that may be what a member wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


async def answer_unreadable(client: discord.Client, payload: object) -> None:
    """Answer an interaction that could not be parsed, if its id and token can be."""
    known = _address_of(payload)
    if known is None:
        return
    interaction_id, token, kind = known
    quiet: dict[str, object] = {"parse": []}
    message = {"content": UNREADABLE, "flags": EPHEMERAL, "allowed_mentions": quiet}
    answer = (
        {"type": CHOICES, "data": {"choices": []}}
        if kind == AUTOCOMPLETE
        else {"type": MESSAGE, "data": message}
    )
    route = Route("POST", "/interactions/{id}/{token}/callback", id=interaction_id, token=token)
    try:
        await client.http.request(route, json=answer)
    except API_ERRORS as error:
        log.warning("The answer could not be sent: %s", error, extra={"interaction": interaction_id})


def _address_of(payload: object) -> tuple[int, str, object] | None:
    """Return id, token and type of an interaction's raw payload, or None if id or token is missing."""
    if not isinstance(payload, Mapping):
        return None
    raw_id, token = payload.get("id"), payload.get("token")
    if not (isinstance(raw_id, str) and raw_id.isascii() and raw_id.isdigit() and isinstance(token, str)):
        return None
    return int(raw_id), token, payload.get("type")
