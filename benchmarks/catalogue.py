"""All benchmarks by their names."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from benchmarks import (
    answer,
    edits,
    load,
    overspend,
    polling,
    polls_failing,
    refusals,
    restart,
    soak,
    steps,
    store,
)
from benchmarks.report import Report

BENCHMARKS: dict[str, Callable[..., Awaitable[Report]]] = {
    "polling": polling.run,
    "answer": answer.run,
    "polls_failing": polls_failing.run,
    "edits": edits.run,
    "overspend": overspend.run,
    "load": load.run,
    "restart": restart.run,
    "store": store.run,
    "steps": steps.run,
    "refusals": refusals.run,
    "soak": soak.run,
}
LEFT_OUT = frozenset({"soak"})
"""Those that take an hour, and are run only by their name."""


def perform(name: str, quick: bool) -> Report:  # noqa: FBT001 - called by the pool, which passes no keywords
    """Run one benchmark to its end, in this process."""
    # what the bot under load warns of is no figure; what came out wrong is in the report
    logging.getLogger().addHandler(logging.NullHandler())

    async def run() -> Report:
        return await BENCHMARKS[name](quick=quick)

    return asyncio.run(run())
