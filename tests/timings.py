"""Shorter timings for a bot under test."""

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from bot.domain.circuit_breaker import BreakerTimings
from bot.domain.retry_policy import RetryPolicy
from bot.services.runtime.timings import RetryTimings, WorkTimings
from bot.timings import TIMINGS, Timings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
SHORT = RetryPolicy(first_s=0.05, max_s=1.0)
SHORT_BREAKS = BreakerTimings(busy=SHORT, outage=SHORT, account=SHORT)
PATIENT = MappingProxyType(
    {
        "work.retries.message.first_s": 0.05,
        "work.retries.member.first_s": 0.0,
        "work.breaker": SHORT_BREAKS,
    }
)
"""Short pauses between two tries."""
RECORDING_AT_ONCE = WorkTimings(retries=RetryTimings(outcome=RetryPolicy(first_s=0, max_s=0)))
"""The outcome of a paid call is recorded again without a pause."""


def shorter(times: Mapping[str, object], base: Timings = TIMINGS) -> Timings:
    """Return the timings with other values, by the path of their field: `{"work.leases.poll_s": 3.0}`.

    Raises:
        AttributeError, TypeError: there is no field of that name.
    """
    for path, value in times.items():
        base = _replaced(base, path.split("."), value)
    return base


def _replaced(group: T, path: list[str], value: object) -> T:
    name, *rest = path
    if rest:
        inner: object = getattr(group, name)
        assert is_dataclass(inner)
        assert not isinstance(inner, type)
        value = _replaced(inner, rest, value)
    return replace(group, **{name: value})
