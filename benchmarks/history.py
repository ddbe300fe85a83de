"""What commands, buttons, autocompletes and workers cost when a server has a year of songs behind it.

Measured: every operation of the services, every look of the workers and a scrape of the metrics on a database
with 300,000 songs in one server and 2,000 other servers, on SQLite and on PostgreSQL; then another server's
`/credits` while one member types 30 letters into `/songs show`, and other writes while a person's data is
deleted. Against: the same, by turns, on a database with 3,000 songs in that server; and nobody typing or
deleting. What the rows of a song take on the disk is shown for each table.
"""

import asyncio
import gc
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import count

from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from benchmarks.harness.commands import LAST, VARIANTS, Commands, commands_over
from benchmarks.harness.program import new_folder
from benchmarks.harness.report import Report, milliseconds, quantile, spread_ms
from benchmarks.harness.servers import NONE_HERE, WANTED, server_database
from benchmarks.harness.year import HEAVY, OTHERS, SMALL_SERVERS, YearBuilder
from bot.metrics.database_gauges import FRESH_S, DatabaseGauges
from bot.services.unit_of_work import NamedUnit, UnitOfWork
from bot.storage.admin import database_admin
from bot.storage.schema import migrate
from bot.storage.store import audit_database, open_store

SIZES, QUICK_SIZES = (3_000, 300_000), (200, 2_000)
ROUNDS, ENOUGH_S = 9, 6.0
"""How often each operation is timed, and after how many seconds no more."""
LETTERS = 30
LARGEST_RATIO, NOISE_S = 1.5, 0.002
"""How much longer an operation may take with the most songs; differences below the second do not count."""
LARGEST_TABLES = 4
AUTOCOMPLETE_S, DELAY_S, HELD_S = 0.050, 0.020, 0.020
WHOLE = frozenset({"privacy.export", "privacy.preview"})
"""Operations that return or count everything of one person, and so take longer the more there is."""
Databases = Mapping[int, Commands]


async def run(*, quick: bool) -> Report:
    """Time every operation on databases of all sizes."""
    sizes, rounds, small = (QUICK_SIZES, 3, 100) if quick else (SIZES, ROUNDS, SMALL_SERVERS)
    report = Report(
        f"history: {sizes[-1]:,} songs in one server",
        f"with {' and '.join(f'{n:,}' for n in sizes[:-1])}, by turns",
    )
    with new_folder() as folder:
        urls = {size: f"sqlite:///{folder / str(size)}.db" for size in sizes}
        await _measure("SQLite", urls, report, rounds, small)
    with ExitStack() as stack:
        found = {size: stack.enter_context(server_database()) for size in sizes}
        servers = {size: url for size, url in found.items() if url is not None}
        if servers:
            await _measure("PostgreSQL", servers, report, rounds, small)
        else:
            report.add(f"PostgreSQL ({WANTED})", NONE_HERE)
    return report


async def _measure(kind: str, urls: Mapping[int, str], report: Report, rounds: int, small: int) -> None:
    for size, url in urls.items():
        await asyncio.to_thread(build_year, url, size, small)
    sizes = {size: await asyncio.to_thread(database_admin(url).read, bytes_of) for size, url in urls.items()}
    _add_sizes(kind, sizes, report)
    async with AsyncExitStack() as stack:
        databases = {size: await stack.enter_async_context(opened(url)) for size, url in urls.items()}
        await _time_operations(kind, databases, report, rounds)
        largest = databases[max(databases)]
        await _time_typing(kind, largest, report)
        await _time_deletion(kind, largest, report)
    for url in urls.values():
        for breach in (await asyncio.to_thread(audit_database, url))[0]:
            report.check(None, f"{kind}: {breach}")


def build_year(url: str, songs: int, small_servers: int = SMALL_SERVERS, *, busiest: int = 10) -> None:
    """Write a year's songs into an empty database."""
    migrate(url)
    database_admin(url).write(
        lambda conn: YearBuilder(conn, songs, datetime.now(UTC), small_servers, busiest).build()
    )


def _add_sizes(kind: str, sizes: Mapping[int, Mapping[str, int]], report: Report) -> None:
    """Add a row for what a song takes: the difference of two databases, by the difference of their songs."""
    few, many = min(sizes), max(sizes)
    more = {name: (sizes[many][name] - sizes[few].get(name, 0)) / (many - few) for name in sizes[many]}
    largest = sorted(more, key=more.__getitem__, reverse=True)[:LARGEST_TABLES]
    parts = ", ".join(f"{name} {more[name]:,.0f}" for name in largest)
    report.add(f"{kind}: bytes a song ({parts})", f"{sum(more.values()):,.0f}")


def bytes_of(conn: Connection) -> dict[str, int]:
    """Return what each table takes on the disk, with its indexes."""
    if conn.dialect.name == "sqlite":
        has_sizes = "ENABLE_DBSTAT_VTAB" in conn.exec_driver_sql("PRAGMA compile_options").scalars()
        joined = "dbstat s JOIN sqlite_master m ON m.name = s.name"
        tables = f"SELECT m.tbl_name, sum(s.pgsize) FROM {joined} GROUP BY 1"
        if not has_sizes:
            return {}
    else:
        tables = (
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
    return {name: int(size) for name, size in conn.exec_driver_sql(tables)}


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Commands]:
    """Open the database with all operations over it."""
    async with open_store(url) as store:
        commands = await commands_over(store)
        gc.freeze()  # as the bot does when it has started
        yield commands


async def _time_operations(kind: str, databases: Databases, report: Report, rounds: int) -> None:
    """Add a row for each operation, and the one that grows most."""
    some = next(iter(databases.values()))
    named = [name for name in some.names() if name not in LAST]
    growth: dict[str, float] = {}
    for label, name, given in [*((name, name, {}) for name in named), *VARIANTS]:
        calls = {size: _calling(commands, name, given) for size, commands in databases.items()}
        growth[label] = await _add_row(f"{kind}: {label}", calls, report, rounds)
    for number, worker in enumerate(some.workers):
        looks = {size: commands.workers[number].next_due_at for size, commands in databases.items()}
        growth[f"{worker.name}'s look"] = await _add_row(
            f"{kind}: {worker.name}'s look", looks, report, rounds
        )
    scrapes = {size: _scraping(commands) for size, commands in databases.items()}
    growth["metrics"] = await _add_row(f"{kind}: metrics, one scrape", scrapes, report, rounds)
    for name in WHOLE:
        growth.pop(name)
    worst = max(growth, key=growth.__getitem__)
    grown = [label for label, ratio in growth.items() if ratio > LARGEST_RATIO]
    report.add_target(
        f"{kind}: any command but exports with the most songs: at most {LARGEST_RATIO} x",
        f"{growth[worst]:.1f} x ({worst}); {len(grown)} of {len(growth)} above",
        reached=not grown,
    )


def _calling(commands: Commands, name: str, given: Mapping[str, object]) -> Callable[[], Awaitable[object]]:
    return lambda: commands.call(name, **given)


def _scraping(commands: Commands) -> Callable[[], Awaitable[object]]:
    """Return what a scrape of the metrics reads, as if the last one was some seconds ago."""
    seconds = count(step=2 * FRESH_S)
    return DatabaseGauges(commands.store, CollectorRegistry(), clock=lambda: next(seconds)).refresh


async def _add_row(
    what: str, calls: Mapping[int, Callable[[], Awaitable[object]]], report: Report, rounds: int
) -> float:
    """Time the calls by turns; return by how much the one on the largest database takes longer."""
    took: dict[int, list[float]] = {size: [] for size in calls}
    started_s = time.perf_counter()
    for number in range(rounds + 1):
        if number > 1 and time.perf_counter() - started_s > ENOUGH_S:
            break
        for size, call in calls.items():
            began_s = time.perf_counter()
            await call()
            took[size].append(time.perf_counter() - began_s)
    medians = [
        statistics.median(times[1:]) for _, times in sorted(took.items())
    ]  # the first one fills caches
    smaller = " | ".join(milliseconds(median) for median in medians[:-1])
    report.add(what, milliseconds(medians[-1]), smaller, samples=len(took[min(took)]) - 1)
    return (medians[-1] + NOISE_S) / (medians[0] + NOISE_S)


async def _time_typing(kind: str, commands: Commands, report: Report) -> None:
    """Time another server's `/credits` while one member types, and the suggestions themselves."""
    letters: list[float] = []

    async def type_letters() -> None:
        async with asyncio.TaskGroup() as keys:
            for number in range(LETTERS):
                key = _calling(commands, "songs.suggestions", {"typed": f"song {number}"})
                keys.create_task(_timed(letters, key))
                await asyncio.sleep(0.01)

    alone = await _credits_during(commands, asyncio.sleep(0.5))
    typing = await _credits_during(commands, type_letters())
    report.add(
        f"{kind}: /credits elsewhere while a member types",
        spread_ms(typing),
        spread_ms(alone),
        samples=len(typing),
    )
    report.add(f"{kind}: each of {LETTERS} suggestions", spread_ms(letters), samples=len(letters))
    delay_s, slowest_s = quantile(typing, 0.99) - quantile(alone, 0.99), quantile(letters, 0.99)
    report.add_target(
        f"{kind}: {LETTERS} keys delay another server's /credits by less than {DELAY_S * 1000:.0f} ms",
        milliseconds(delay_s), reached=delay_s < DELAY_S,
    )  # fmt: skip
    report.add_target(
        f"{kind}: autocomplete p99 under {AUTOCOMPLETE_S * 1000:.0f} ms", milliseconds(slowest_s),
        reached=slowest_s < AUTOCOMPLETE_S,
    )  # fmt: skip


async def _credits_during(commands: Commands, other: Awaitable[object]) -> list[float]:
    took: list[float] = []
    running = asyncio.ensure_future(other)
    while not running.done():
        await _timed(
            took, lambda: commands.call("quotas.overview", guild_id=OTHERS, user_id=OTHERS + SMALL_SERVERS)
        )
    await running
    return took


async def _timed(took: list[float], call: Callable[[], Awaitable[object]]) -> None:
    began_s = time.perf_counter()
    await call()
    took.append(time.perf_counter() - began_s)


async def _time_deletion(kind: str, commands: Commands, report: Report) -> None:
    """Time small writes while the busiest member's data is deleted."""
    unit = NamedUnit("benchmarks.put", _put)
    took: list[float] = []
    alone: list[float] = []
    for _ in range(100):
        await _timed(alone, lambda: commands.store.write(unit))
    began_s = time.perf_counter()
    deleting = asyncio.ensure_future(commands.services.privacy.erase(HEAVY))
    while not deleting.done():
        await _timed(took, lambda: commands.store.write(unit))
    requests = (await deleting).requests
    report.add(
        f"{kind}: other writes while {requests:,} songs are deleted",
        spread_ms(took),
        spread_ms(alone),
        samples=len(took),
    )
    report.add(f"{kind}: /privacy delete", f"{time.perf_counter() - began_s:.2f} s")
    held_s = max(took) - statistics.median(alone)
    report.add_target(
        f"{kind}: a deletion holds the writer for at most {HELD_S * 1000:.0f} ms",
        milliseconds(held_s),
        reached=held_s <= HELD_S,
    )


def _put(uow: UnitOfWork) -> None:
    uow.key_values.put("benchmark", "written")
