"""Lenient parsers of single JSON values: an unusable value counts as missing and never raises.

A finished song has to be delivered even if one of its sixty fields is malformed.
"""

import json
import math
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Annotated

from pydantic import BeforeValidator

from bot.domain.text import clean_text

PROVIDER_ZONE = timezone(timedelta(hours=8))
"""The time zone of the provider's own timestamps, which have none: in its documentation a task's `createTime`
is eight hours ahead of its clips' `created_at`."""
ID_LENGTH = 200
"""Characters; a longer text is no id."""


TEXT_LENGTH = 20_000
"""Characters that are read; cleaning more would take the event loop too long."""


def text(value: object) -> str | None:
    """Return the beginning of a text that is not empty; a number counts as its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return clean_text(str(value)[:TEXT_LENGTH]) or None


def identifier(value: object) -> str | None:
    """Return an opaque id; older ids of the provider are integers."""
    if isinstance(value, float):
        return None
    found = text(value)
    return found if found and len(found) <= ID_LENGTH else None


def number(value: object) -> float | None:
    """Return a finite number, also from a numeric text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: object) -> int | None:
    """Return an integer, also from a numeric text or a number without a fraction."""
    found = number(value)
    return int(found) if found is not None and found.is_integer() else None


def flag(value: object) -> bool | None:
    """Return a boolean, also from "true", "false", 1 and 0."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int) and value in {0, 1} else None


def words(value: object) -> tuple[str, ...]:
    """Return the texts of a list, or of one comma-separated text."""
    parts: list[object] = list(value.split(",")) if isinstance(value, str) else []
    if isinstance(value, list):
        parts = value
    return tuple(found for found in map(text, parts) if found)


def unpacked(value: object) -> object:
    """Return the value, parsed if it is JSON text; None if it is other text."""
    if not isinstance(value, str):
        return value
    try:
        return read_json(value)
    except ValueError:
        return None


def mapping(value: object) -> dict[str, object] | None:
    """Return a JSON object, also from JSON text."""
    value = unpacked(value)
    return value if isinstance(value, dict) else None


def read_json(source: str) -> object:
    """Parse JSON text and clean the names in its objects.

    Raises:
        ValueError: the text is not JSON, or is nested too deeply.
    """
    try:
        found: object = json.loads(source, object_pairs_hook=_with_clean_names)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return found


def _with_clean_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
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
    """Return a timestamp by the provider, as aware UTC."""
    return _time(value, PROVIDER_ZONE)


def suno_time(value: object) -> datetime | None:
    """Return a timestamp by Suno, as aware UTC."""
    return _time(value, UTC)


Text = Annotated[str | None, BeforeValidator(text)]
Identifier = Annotated[str | None, BeforeValidator(identifier)]
Number = Annotated[float | None, BeforeValidator(number)]
Whole = Annotated[int | None, BeforeValidator(whole)]
Flag = Annotated[bool | None, BeforeValidator(flag)]
Words = Annotated[tuple[str, ...], BeforeValidator(words)]
ProviderTime = Annotated[datetime | None, BeforeValidator(provider_time)]
SunoTime = Annotated[datetime | None, BeforeValidator(suno_time)]
