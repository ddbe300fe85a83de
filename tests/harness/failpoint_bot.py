"""The real bot with failpoints: `python -m tests.harness.failpoint_bot run`, configured by its environment.

The bot's code is unchanged: its drivers and stores are wrapped to pass a failpoint before and after
each call that leaves a trace. At the chosen point the process kills itself.
"""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, TypeVar

import discord

from bot.__main__ import main as bot
from bot.app import DRIVERS, Drivers
from bot.chat import status_response
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond
from bot.chat.messages.rendered import RenderedMessage
from bot.services.runtime.timings import HeartbeatTimings
from bot.services.unit_of_work import NamedUnit, Store, name_of
from bot.storage.timings import StorageTimings
from tests.harness.failpoints import ANSWER, DIES_AT, PASSED, PAUSES, Failpoint, Side, port_calls
from tests.timings import SHORT_BREAKS, shorter

P = ParamSpec("P")
T = TypeVar("T")
PLACING, PLACED = ("placement.place", Side.BEFORE), ("placement.place", Side.AFTER)
REPEATED_STEPS = frozenset({"submitter.claim", "poller.claim", "outbox.claim"})
"""Steps that are repeated all the time: they are counted once a song is placed."""
SHORT_PAUSES = {
    "work.retries.message.first_s": 0.05,
    "work.breaker": SHORT_BREAKS,
    "work.new_task_s": 3.0,
    "work.poll_interval_s": 0.2,
    "work.status_interval_s": 0.3,
    "heartbeat": HeartbeatTimings(interval_s=0.2, ttl_s=0.6, shard_wait_s=30.2, shard_check_interval_s=0.05),
    "sessions.first_s": 0.0,
    "work.answered_within_s": 0.3,
}
"""Pauses that are seconds or minutes in the product, and would only make a test long."""


@dataclass
class Failpoints:
    """The failpoints that were passed, and the one that kills, which can be another for each song."""

    fatal_file: Path | None
    passed: Path | None
    fatal: Failpoint | None = None
    counts: dict[tuple[str, Side], int] = field(default_factory=dict)
    has_placed: bool = False

    def load(self) -> None:
        """Read which failpoint kills from now on, and count from zero."""
        words = self.fatal_file.read_text() if self.fatal_file is not None else ""
        self.fatal = Failpoint.parse(words) if words else None
        self.counts.clear()
        self.has_placed = False

    def reach(self, step: str, side: Side) -> None:
        """Record the failpoint, and kill the process if it is the chosen one."""
        if (step, side) == PLACING:
            self.load()
        self.has_placed = self.has_placed or (step, side) == PLACED
        if step in REPEATED_STEPS and not self.has_placed:
            return
        count = self.counts[step, side] = self.counts.get((step, side), 0) + 1
        if self.passed is not None:
            with self.passed.open("a") as file:
                file.write(f"{step}:{side}\n")
        if self.fatal == Failpoint(step, side, count):
            os.kill(os.getpid(), signal.SIGKILL)

    async def around(self, step: str, doing: Awaitable[T]) -> T:
        """Await the call between its two failpoints; a claim of nothing does not count."""
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


def replace_attribute(thing: object, name: str, other: object) -> None:
    """Replace an existing attribute.

    Raises:
        AttributeError: there was none of that name.
    """
    getattr(thing, name)
    setattr(thing, name, other)


def with_failpoints(thing: T, steps: Iterable[str], points: Failpoints) -> T:
    """Return the driver with failpoints around its calls `port.call`."""

    def passing(step: str, call: Callable[P, Awaitable[object]]) -> Callable[P, Awaitable[object]]:
        return lambda *args, **kwargs: points.around(step, call(*args, **kwargs))

    for step in steps:
        name = step.rpartition(".")[2]
        replace_attribute(thing, name, passing(step, getattr(thing, name)))
    return thing


def store_with_failpoints(store: Store, points: Failpoints) -> Store:
    """Return the store with failpoints around its writes; its reads change nothing."""
    write = store.write

    async def passing(unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await points.around(name_of(unit), write(unit, *args, **kwargs))

    replace_attribute(store, "write", passing)
    return store


def drivers_with_failpoints(points: Failpoints) -> Drivers:
    """Return the bot's drivers with failpoints."""

    @asynccontextmanager
    async def opened(url: str, timings: StorageTimings) -> AsyncIterator[Store]:
        async with DRIVERS.open_store(url, timings) as store:
            yield store_with_failpoints(store, points)

    def made(port: str, driver: Callable[P, T]) -> Callable[P, T]:
        steps = [step for step in port_calls() if step.startswith(f"{port}.")]
        return lambda *args, **kwargs: with_failpoints(driver(*args, **kwargs), steps, points)

    return Drivers(
        open_store=opened,
        provider=made("provider", DRIVERS.provider),
        messenger=made("messenger", DRIVERS.messenger),
        media=made("media", DRIVERS.media),
    )


def add_failpoints_to_answers(points: Failpoints) -> None:
    """Put failpoints around the answer to a command."""

    async def passing(
        interaction: GuildInteraction,
        reply: RenderedMessage | discord.Embed | str,
        *,
        ephemeral: bool = True,
    ) -> int | None:
        return await points.around(ANSWER, respond(interaction, reply, ephemeral=ephemeral))

    setattr(status_response, "respond", passing)  # noqa: B010 - the module does not export what it imports


def main() -> int:
    """Run the bot's command line with failpoints; return the exit code."""
    fatal, passed = os.environ.pop(DIES_AT, ""), os.environ.pop(PASSED, "")
    timings = shorter(SHORT_PAUSES | json.loads(os.environ.pop(PAUSES, "{}")))
    points = Failpoints(Path(fatal) if fatal else None, Path(passed) if passed else None)
    points.load()
    add_failpoints_to_answers(points)
    return bot(timings=timings, drivers=drivers_with_failpoints(points))


if __name__ == "__main__":
    sys.exit(main())
