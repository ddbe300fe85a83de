import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.requests import RETURNED, State
from sandbox.cqtai.effects import Slow
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Fail
from tests.harness.crash import MEMBERS, SHORT_LEASE_S, CrashHarness, crash_harness
from tests.harness.invariants import (
    all_delivered,
    assert_invariants,
    bot_posts,
    is_delivered,
    results_of,
    traces,
)

SEED = 1
KILLS = 24
ORDERS_A_LIFE = 4
LONGEST_LIFE = 60
"""Calls to Discord and the provider until the kill, so that a slow machine does not shorten a run."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def calls(crash: CrashHarness) -> int:
    return len(crash.discord.requests) + len(crash.provider.requests)


async def one_life(crash: CrashHarness, rng: random.Random) -> None:
    """Start the bot, request songs, and kill it at random moments until all are posted."""
    assert await crash.start(lease_s=SHORT_LEASE_S)
    fatal = calls(crash) + rng.randrange(LONGEST_LIFE)
    asked = [await crash.order(f"Member {rng.randrange(MEMBERS)}") for _ in range(ORDERS_A_LIFE)]
    await crash.until(lambda: calls(crash) >= fatal or all(is_delivered(crash, one) for one in asked))
    await asyncio.sleep(rng.uniform(0, 0.02))
    await crash.bot.kill()


async def nothing_is_doubled_so_far(crash: CrashHarness) -> None:
    for one in traces(crash):
        assert one.submissions <= 1
        assert len(one.tasks) <= 1
        assert len(one.results) <= 1
        assert one.request is not None or not one.submissions


def counts(crash: CrashHarness, ends: Counter[State], *, kills: int) -> dict[str, int]:
    """Return the figures of a run, after checking that nothing was posted twice, lost or wrongly charged."""
    results = sum(len(results_of(crash, asked)) for asked in crash.asked)
    return {
        "kills": kills,
        "asked": len(crash.asked),
        "placed": ends.total(),
        "delivered": ends[State.DELIVERED],
        "refunded": sum(ends[state] for state in RETURNED),
        "of these uncertain": ends[State.UNCERTAIN],
        "submissions": sum(line.method == "POST" for line in crash.provider.requests),
        "tasks": len(crash.provider.tasks),
        "results": results,
        "posted twice": results - ends[State.DELIVERED],
        "endings": len(bot_posts(crash)) - results,
    }


async def test_deaths_at_any_instant_lose_double_and_overcharge_nothing(
    tmp_path: Path, database: str, record_property: Callable[[str, object], None]
) -> None:
    rng = random.Random(SEED)
    async with crash_harness(
        tmp_path, database_url=database, SERVER_CREDIT_CAP="100000", TOTAL_CREDIT_CAP="100000"
    ) as crash:
        crash.provider.faults.add(Fault(Phase.TASK, Fail("timeout"), times=None, rate=0.1))
        for _ in range(KILLS):
            await one_life(crash, rng)
            await nothing_is_doubled_so_far(crash)
        placed = set(crash.requests())
        assert await crash.start()
        last = [await crash.order(f"Member {number}") for number in range(ORDERS_A_LIFE)]
        await all_delivered(crash, *placed, *(one.id for one in last))
        await crash.stop()
        ends = Counter((await assert_invariants(crash)).values())
    assert ends[State.DELIVERED] >= KILLS // 3
    assert set(ends) <= {State.DELIVERED, *RETURNED}
    record_property("database", database.partition(":")[0])
    for name, count in counts(crash, ends, kills=KILLS).items():
        record_property(name, count)


@pytest.mark.parametrize("delay_s", [0.0, 0.2, 0.5, 1.0])
async def test_a_stop_under_load_is_orderly_and_what_is_left_goes_on(
    tmp_path: Path, database: str, delay_s: float
) -> None:
    async with crash_harness(tmp_path, database_url=database, song_s=0.8) as crash:
        await crash.start()
        for number in range(16):
            await crash.order(f"Member {number % MEMBERS}")
        await asyncio.sleep(delay_s)
        await crash.stop()
        await nothing_is_doubled_so_far(crash)
        placed = crash.requests()
        assert {request.state for request in placed.values()}.isdisjoint({State.SUBMITTING, State.UNCERTAIN})
        assert await crash.start()
        await all_delivered(crash, *placed)
        await crash.stop()
        assert set((await assert_invariants(crash)).values()) <= {State.DELIVERED}


async def test_a_stop_waits_for_nobody_who_hangs_and_the_doubt_is_settled_later(
    tmp_path: Path, database: str
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        crash.provider.faults.add(Fault(Phase.SUBMIT, Slow(60.0), accepted=True))
        await crash.start(lease_s=2 * SHORT_LEASE_S, drain_s=1.0)
        asked = await crash.order()
        await crash.until(lambda: crash.provider.tasks)
        await crash.stop()
        assert (crash.requests())[asked.id].state is State.SUBMITTING
        assert await crash.start()
        await all_delivered(crash, asked.id)
        await crash.stop()
        assert await assert_invariants(crash) == {asked.id: State.UNCERTAIN}
