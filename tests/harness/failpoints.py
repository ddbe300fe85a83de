"""The points at which the bot can be killed: before and after each durable step of a song's life."""

import inspect
import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Self

import bot.services
from bot.services.ports import MediaSource, Messenger, SongProvider
from bot.services.unit_of_work import named_units

DIES_AT, PASSED, PAUSES = "FAILPOINT_FATAL", "FAILPOINT_PASSED", "FAILPOINT_PAUSES"
"""The variables of the bot: the file that names its fatal point, the file to note the points in that it
passed, and how long its pauses are, in seconds by the path of their field in `Timings`, as JSON."""
LEASES = tuple(f"work.leases.{lease}_s" for lease in ("submission", "poll", "message"))
"""Seconds of the leases of a killed process; a minute or more in the product."""
REPEATABLE = LEASES[1:]
"""All but that of a submission, whose end leaves a song's fate open."""

ANSWER = "answer.show"
"""The step that answers the command."""


class Side(StrEnum):
    """The side of a step on which a point is."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Failpoint:
    """The `nth` time on one side of a step."""

    step: str
    side: Side
    nth: int = 1

    @classmethod
    def parse(cls, words: str) -> Self:
        """Parse the string of a point."""
        step, side, nth = words.split(":")
        return cls(step, Side(side), int(nth))

    def __str__(self) -> str:
        """Return the point as a string without spaces."""
        return f"{self.step}:{self.side}:{self.nth}"


def units_written() -> set[str]:
    """Return every unit of work that the services run, by their names."""
    for module in pkgutil.walk_packages(bot.services.__path__, "bot.services."):
        import_module(module.name)
    return {name for name, unit in named_units.items() if unit.__module__.startswith("bot.services.")}


def port_calls() -> set[str]:
    """Return every call to the world outside that the services can make, by their ports."""
    ports = {"provider": SongProvider, "messenger": Messenger, "media": MediaSource}
    return {
        f"{name}.{call}"
        for name, port in ports.items()
        for call, function in inspect.getmembers(port, inspect.iscoroutinefunction)
    }


def pauses(others: Mapping[str, float], *, lease_s: float) -> dict[str, str]:
    """Return the variable that gives a bot's leases this length, and other pauses theirs."""
    return {PAUSES: json.dumps(dict.fromkeys(LEASES, lease_s) | dict(others))}
