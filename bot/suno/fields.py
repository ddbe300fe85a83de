"""Forgiving readers of single JSON values: what cannot be read is absent, never an error.

A finished song must not become undeliverable because one of its sixty fields is odd.
"""

import json
import math
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Annotated

from pydantic import BeforeValidator

from bot.domain.text import clean_text

PROVIDER_ZONE = timezone(timedelta(hours=8))
"""The zone of the provider's own times, which do not name one; from its page, where a task's `createTime` is
eight hours ahead of its clips' `created_at`."""
ID_LENGTH = 200
"""Characters; a longer id is taken for something else."""


def text(value: object) -> str | None:
    """A text that says something; a number counts as its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return clean_text(str(value)) or None


def identifier(value: object) -> str | None:
    """An opaque id; older ids of the provider are integers."""
    if isinstance(value, float):
        return None
    found = text(value)
    return found if found and len(found) <= ID_LENGTH else None


def number(value: object) -> float | None:
    """A finite number, also from a numeric text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: object) -> int | None:
    """An integer, also from a numeric text or a number without a fraction."""
    found = number(value)
    return int(found) if found is not None and found.is_integer() else None


def flag(value: object) -> bool | None:
    """A yes or no, also from their words and from 1 and 0."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int) and value in {0, 1} else None


def words(value: object) -> tuple[str, ...]:
    """A list of texts, also from one text with commas between them."""
    parts: list[object] = list(value.split(",")) if isinstance(value, str) else []
    if isinstance(value, list):
        parts = value
    return tuple(found for found in map(text, parts) if found)


def unpacked(value: object) -> object:
    """The value, or what it says where it is itself a JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return read_json(value)
    except ValueError:
        return None


def mapping(value: object) -> dict[str, object] | None:
    """A JSON object, also from its text."""
    value = unpacked(value)
    return value if isinstance(value, dict) else None


def read_json(source: str) -> object:
    """The JSON value in the text, with the names in its objects made printable.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    try:
        found: object = json.loads(source, object_pairs_hook=_cleanly_named)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return found


def _cleanly_named(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return {clean_text(name): value for name, value in pairs}


def _time(value: object, zone: tzinfo) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def provider_time(value: object) -> datetime | None:
    """A time of the provider's own, as aware UTC."""
    return _time(value, PROVIDER_ZONE)


def suno_time(value: object) -> datetime | None:
    """A time that Suno wrote, as aware UTC."""
    return _time(value, UTC)


Text = Annotated[str | None, BeforeValidator(text)]
Identifier = Annotated[str | None, BeforeValidator(identifier)]
Number = Annotated[float | None, BeforeValidator(number)]
Whole = Annotated[int | None, BeforeValidator(whole)]
Flag = Annotated[bool | None, BeforeValidator(flag)]
Words = Annotated[tuple[str, ...], BeforeValidator(words)]
ProviderTime = Annotated[datetime | None, BeforeValidator(provider_time)]
SunoTime = Annotated[datetime | None, BeforeValidator(suno_time)]
