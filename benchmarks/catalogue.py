"""All benchmarks by name."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from benchmarks import (
    answer,
    edits,
    history,
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
from benchmarks.harness.report import Report

BENCHMARKS: dict[str, Callable[..., Awaitable[Report]]] = {
    "polling": polling.run,
    "answer": answer.run,
    "polls_failing": polls_failing.run,
    "edits": edits.run,
    "overspend": overspend.run,
    "load": load.run,
    "restart": restart.run,
    "store": store.run,
    "caps": store.run_caps,
    "steps": steps.run,
    "refusals": refusals.run,
    "history": history.run,
    "soak": soak.run,
}
LEFT_OUT = frozenset({"history", "soak"})
"""Benchmarks that take ten minutes or an hour, and run only if they are named."""


def perform(name: str, quick: bool) -> Report:  # noqa: FBT001 - called by the pool, which passes no keywords
    """Run one benchmark in this process and return its report."""
    # warnings of the bot under load are expected; wrong results are in the report
    logging.getLogger().addHandler(logging.NullHandler())

    async def run() -> Report:
        return await BENCHMARKS[name](quick=quick)

    return asyncio.run(run())
