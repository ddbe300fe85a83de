import re
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest

from bot.domain.requests import State
from bot.shutdown import STOP_S
from sandbox.cqtai.effects import Slow
from sandbox.cqtai.faults import Fault as ProviderFault
from sandbox.cqtai.faults import Phase
from sandbox.discord import Fault, FaultKind
from tests.harness.crash import LONG_S, MEMBERS, CrashHarness, crash_harness
from tests.harness.invariants import all_delivered, assert_invariants
from tests.unit.storage.postgres.cut_connection import CutProxy, proxy_to

EACH = 24
"""The number of songs at each stage of the load."""
AT_ONCE = 16
"""The bot's concurrency for each kind of work."""
LEASE_S = 20.0
"""The timeouts, long enough that nothing times out before the stop."""
LATE_S = 300.0
TOOK = re.compile(r"stopped after ([0-9.]+) s")

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


async def ordered(crash: CrashHarness, count: int) -> None:
    for number in range(count):
        await crash.order(f"Member {number % MEMBERS}")


def hang(crash: CrashHarness, route: str) -> None:
    crash.discord.faults.add(Fault(kind=FaultKind.HANG, on=route, times=None, after_s=LATE_S))


def struck(crash: CrashHarness, route: str) -> int:
    return sum(fault.on == route for _, fault in crash.discord.faults.struck)


async def stopped_in_time(crash: CrashHarness) -> float:
    """Check that the bot stopped in time; return the seconds that it logged."""
    await crash.stop()
    took_s = float(TOOK.findall(crash.bot.log())[-1])
    assert took_s <= STOP_S
    return took_s


async def all_ends(crash: CrashHarness) -> Counter[State]:
    """Start the bot again without faults; return how the requests ended."""
    crash.discord.faults.clear()
    crash.provider.faults.clear()
    placed = crash.requests()
    assert await crash.start()
    await all_delivered(crash, *placed)
    await crash.stop()
    return Counter((await assert_invariants(crash)).values())


async def load(crash: CrashHarness) -> None:
    """Let uploads, submissions, polls and answers hang at the same time."""
    uploads, edits, answers = "POST /channels/*", "PATCH *", "POST /interactions/*"
    submissions = ProviderFault(Phase.SUBMIT, Slow(LATE_S), times=None, accepted=True)
    hang(crash, uploads)
    await ordered(crash, EACH)
    await crash.until(lambda: struck(crash, uploads))  # in one channel, one after the other
    crash.provider.faults.add(submissions, ProviderFault(Phase.QUERY, Slow(LATE_S), times=None))
    await ordered(crash, EACH)
    await crash.until(lambda: crash.provider.faults.struck(submissions) >= AT_ONCE)
    hang(crash, edits)
    hang(crash, answers)
    await ordered(crash, EACH)
    await crash.until(lambda: struck(crash, answers) >= EACH)


async def test_a_stop_under_load_is_in_time_though_the_provider_and_discord_hang(
    tmp_path: Path, database: str, record_property: Callable[[str, object], None]
) -> None:
    async with crash_harness(tmp_path, database_url=database, MAX_RUNNING="60") as crash:
        await crash.start(lease_s=LEASE_S)
        await load(crash)
        took_s = await stopped_in_time(crash)
        ends = await all_ends(crash)
    assert ends.total() == 3 * EACH
    assert set(ends) <= {State.DELIVERED, State.UNCERTAIN}
    assert ends[State.UNCERTAIN] <= AT_ONCE
    record_property("database", database.partition(":")[0])
    record_property("stopped after", f"{took_s} s")
    for state, count in ends.items():
        record_property(f"{state}", count)


@asynccontextmanager
async def proxies_to_world(crash: CrashHarness, database: str) -> AsyncIterator[list[CutProxy]]:
    """Put proxies between the bot's next start and Discord, the provider and the database server."""
    leading = {
        "DISCORD_API_URL": crash.discord.api_url,
        "DISCORD_GATEWAY_URL": crash.discord.gateway_url,
        "CQTAI_BASE_URL": crash.provider.base_url,
    }
    if not database.startswith("sqlite"):
        leading["DATABASE_URL"] = database
    async with AsyncExitStack() as stack:
        found = []
        for name, url in leading.items():
            proxy, through = await stack.enter_async_context(proxy_to(url))
            crash.bot.set_settings(**{name: through})
            found.append(proxy)
        yield found


@contextmanager
def gone_dead(folder: Path, proxies: list[CutProxy]) -> Iterator[None]:
    """Let all proxies swallow everything; lock a database file from another program."""
    for proxy in proxies:
        proxy.dead = True
    with closing(sqlite3.connect(folder / "inspire.db")) as other:  # without a bot's file: of no effect
        other.execute("BEGIN IMMEDIATE")
        yield
    for proxy in proxies:
        proxy.dead = False


@pytest.mark.parametrize("songs", [0, 2 * EACH], ids=["idle", "under load"])
async def test_a_stop_is_in_time_though_nothing_answers_any_more(
    tmp_path: Path, database: str, songs: int
) -> None:
    async with (
        crash_harness(tmp_path, database_url=database, MAX_RUNNING="60") as crash,
        proxies_to_world(crash, database) as to_world,
    ):
        await crash.start(lease_s=LEASE_S)
        await ordered(crash, songs)
        for asked in crash.asked:
            await asked.invocation.answer(timeout_s=LONG_S)
        with gone_dead(tmp_path, to_world):
            await stopped_in_time(crash)
        ends = await all_ends(crash)
    assert ends.total() == songs
    assert set(ends) <= {State.DELIVERED, State.UNCERTAIN}


async def test_a_stop_is_in_time_though_the_bot_has_not_begun_yet(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        hang(crash, "GET /users/@me")
        await crash.bot.start()
        await crash.until(lambda: struck(crash, "GET /users/@me"))
        await stopped_in_time(crash)
        assert "logged in" not in crash.bot.log()
