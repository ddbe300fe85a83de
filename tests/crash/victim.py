"""The real bot with a place to die at: `python -m tests.crash.victim run`, told by its environment.

The bot's own code knows nothing of this: what it is composed with is made to pass a point before and after
each call that leaves a trace. At the chosen point the process kills itself.
"""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import ParamSpec, TypeVar

from bot.__main__ import main as bot
from bot.services.work import NamedUnit, Store, name_of
from tests.crash.points import ANSWER, DIES_AT, PASSED, PAUSES, Point, Side, port_calls

P = ParamSpec("P")
T = TypeVar("T")
PLACED = ("placing.place", Side.AFTER)
IDLING = frozenset({"submitter.claim", "poller.claim", "outbox.claim"})
"""Steps that are taken over and over: they count from the first song on."""
HASTE = {
    "bot.services.courier.RETRY_S": 0.05,
    "bot.services.gate.BUSY_PAUSE_S": 0.1,
    "bot.services.gate.OUTAGE_PAUSE_S": 0.1,
    "bot.services.gate.ACCOUNT_PAUSE_S": 0.1,
    "bot.services.following.NEW_TASK_S": 3.0,
    "bot.services.worker.LOOK_S": 0.2,
    "bot.services.intents.ANSWERED_WITHIN_S": 0.3,
    "bot.services.attendance.ALIVE_S": 0.6,
    "bot.services.attendance.BEAT_S": 0.2,
    "bot.domain.sessions.FIRST_PAUSE_S": 0.0,
    "bot.app.ALIVE_S": 30.0,
    "bot.app.SHARD_LOOK_S": 0.05,
    "bot.services.cards.WAITING_LOOK_S": 0.3,
    "bot.services.placing.WAITING_LOOK_S": 0.3,
}
"""Pauses that are seconds or minutes in the product, and would only make a test long."""
DRIVERS = {"provider": "CqtaiClient", "announcer": "DiscordAnnouncer", "media": "HttpMedia"}
"""What `bot.app` puts behind each port."""


@dataclass
class Points:
    """Where the process is in a song's life, and where it has to die."""

    fatal: Point | None
    passed: Path | None
    counts: dict[tuple[str, Side], int] = field(default_factory=dict)
    living: bool = False

    def reach(self, step: str, side: Side) -> None:
        """Go on, or die here."""
        self.living = self.living or (step, side) == PLACED
        if step in IDLING and not self.living:
            return
        count = self.counts[step, side] = self.counts.get((step, side), 0) + 1
        if self.passed is not None:
            with self.passed.open("a") as file:
                file.write(f"{step}:{side}\n")
        if self.fatal == Point(step, side, count):
            os.kill(os.getpid(), signal.SIGKILL)

    async def around(self, step: str, doing: Awaitable[T]) -> T:
        """What is done, between its two points; a claim that took nothing does not count as done."""
        self.reach(step, Side.BEFORE)
        result = await doing
        if not _is_idle(result):
            self.reach(step, Side.AFTER)
        return result


def _is_idle(result: object) -> bool:
    match result:
        case [] | (_, []):
            return True
        case _:
            return False


def put(thing: object, name: str, other: object) -> None:
    """The attribute, which exists, is another from now on.

    Raises:
        AttributeError: there was none of that name.
    """
    getattr(thing, name)
    setattr(thing, name, other)


def mortal(thing: T, steps: Iterable[str], points: Points) -> T:
    """The driver, whose calls `port.call` are points now."""

    def passing(step: str, call: Callable[P, Awaitable[object]]) -> Callable[P, Awaitable[object]]:
        return lambda *args, **kwargs: points.around(step, call(*args, **kwargs))

    for step in steps:
        name = step.rpartition(".")[2]
        put(thing, name, passing(step, getattr(thing, name)))
    return thing


def mortal_store(store: Store, points: Points) -> Store:
    """The store, whose writes are points now; its reads change nothing."""
    write = store.write

    async def passing(unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await points.around(name_of(unit), write(unit, *args, **kwargs))

    put(store, "write", passing)
    return store


def make_mortal(points: Points) -> None:
    """The bot will be composed of drivers that pass the points."""
    app, ordering = import_module("bot.app"), import_module("bot.chat.ordering")

    @asynccontextmanager
    async def opened(
        open_store: Callable[..., AbstractAsyncContextManager[Store]], *args: object
    ) -> AsyncIterator[Store]:
        async with open_store(*args) as store:
            yield mortal_store(store, points)

    def made(driver: Callable[..., object], steps: list[str], *args: object, **kwargs: object) -> object:
        return mortal(driver(*args, **kwargs), steps, points)

    put(app, "open_store", partial(opened, app.open_store))
    for port, name in DRIVERS.items():
        steps = [step for step in port_calls() if step.startswith(f"{port}.")]
        put(app, name, partial(made, getattr(app, name), steps))
    put(ordering, "show", lambda *a, show=ordering.show, **k: points.around(ANSWER, show(*a, **k)))


def make_hasty(told: Mapping[str, float]) -> None:
    """The bot waits less than in real life; how it waits stays."""
    for place, pause_s in {**HASTE, **told}.items():
        module, _, name = place.rpartition(".")
        put(import_module(module), name, pause_s)


def main() -> int:
    """The bot's command line, with a place to die at; gives the exit code."""
    fatal, passed = os.environ.pop(DIES_AT, ""), os.environ.pop(PASSED, "")
    make_hasty(json.loads(os.environ.pop(PAUSES, "{}")))
    make_mortal(Points(Point.parse(fatal) if fatal else None, Path(passed) if passed else None))
    return bot()


if __name__ == "__main__":
    sys.exit(main())
