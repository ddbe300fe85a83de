"""Readers of JSON objects whose shape is checked elsewhere or not promised at all."""

from collections.abc import Mapping
from typing import TypeAlias

Payload: TypeAlias = dict[str, object]
"""A JSON object."""


def as_payload(value: object) -> Payload:
    """Return the value as a JSON object, empty if it is something else."""
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def entry(payload: Mapping[str, object], key: str) -> Payload:
    """Return the object under a key, empty if there is none."""
    return as_payload(payload.get(key))


def entries(payload: Mapping[str, object], key: str) -> list[Payload]:
    """Return the objects of the list under a key; anything else in it is left out."""
    value = payload.get(key)
    return [as_payload(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def items(payload: Mapping[str, object], key: str) -> list[object]:
    """Return the list under a key, empty if there is none."""
    value = payload.get(key)
    return list(value) if isinstance(value, list) else []


def text(payload: Mapping[str, object], key: str) -> str:
    """Return the string under a key, empty if there is none."""
    value = payload.get(key)
    return value if isinstance(value, str) else ""


def number(payload: Mapping[str, object], key: str) -> int:
    """Return the whole number under a key, also if it is written as a string; 0 if there is none."""
    value = payload.get(key)
    if isinstance(value, int):
        return int(value)
    return int(value) if isinstance(value, str) and value.isdecimal() else 0
