"""Units of work per second through the store: placing, transitions, claiming; on SQLite and on PostgreSQL.

Measured: many callers at once, whose units share a commit. Against: one caller who waits for each unit, so
that each is a transaction of its own; and the very same SQL statements given to Python's `sqlite3` in one
thread, a transaction a unit, with no SQLAlchemy, no other thread and no event loop in between. All on disk,
with `synchronous=FULL`. On PostgreSQL, with `fsync`, on this machine: as many callers at once by different
members, then by two, whose orders wait for each other's locks; against one caller.

`caps` places requests of 50 servers on PostgreSQL under a cap over all of them, an account that every request
changes, and takes last: as fast as a caller for each server can, and once a second by each. Against: the same
without a cap, and with that account split into eight. The three alternate, each on a database of its own.
Then more is asked for than a cap has, and what is on hold is counted.
"""

import asyncio
import shutil
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, event

from benchmarks.harness.program import new_folder, settings_for, sqlite_path
from benchmarks.harness.recording import FIRST_ID, PLAYLIST, request_context
from benchmarks.harness.report import Report, spread_ms
from benchmarks.harness.servers import NONE_HERE, WANTED, server_database
from benchmarks.harness.split_cap import SplitCapStore
from bot.config import Settings
from bot.domain.caps import MAX_CAP
from bot.domain.errors import CapError, InsufficientFundsError
from bot.domain.leases import Lease
from bot.domain.song_options import SongOptions
from bot.domain.transitions import Transition
from bot.service_configs import song_config
from bot.services.requests.service import RequestService
from bot.services.requests.transitions import apply_transition, get_request
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork
from bot.storage.schema import migrate
from bot.storage.sqlite.store import utc_now
from bot.storage.store import audit_database, open_store

UNITS, QUICK_UNITS = 1000, 200
CALLERS = 64
LEASE_S = 60.0
MEMBERS, RIVALS = 1000, 2
CAPPED, QUICK_CAPPED, SERVERS, ROUNDS = 500, 100, 50, 3
TIGHT_CAP, TIGHT_CALLS = 3125, 150
"""A cap with credits for 104 songs and a bit, and how many are asked for."""
CAPS: Mapping[str, bool] = {"one": True, "none": False, "split": True}
"""The variants of the cap, and whether there is one."""
MIN_SHARE = 0.8
"""The target of placing under a cap over all servers, of placing without one."""
MIN_PLACED = 100
"""The target per second on PostgreSQL."""

Action = Callable[[Store, int], Awaitable[object]]


def _actions(settings: Settings, *, members: int = MEMBERS) -> dict[str, Action]:
    """Return the actions in their order: each one works on what the previous one has written."""

    async def place(store: Store, number: int) -> object:
        songs = RequestService(store, config=song_config(settings), clock=utc_now)
        by = replace(request_context(number), user_id=number % members + 1)
        return await songs.place(SongOptions(playlist=PLAYLIST), by)

    async def move(store: Store, number: int) -> object:
        return await store.write(NamedUnit("benchmarks.take", _take), FIRST_ID + number)

    async def claim(store: Store, number: int) -> object:
        return await store.write(NamedUnit("benchmarks.claim", _claim_one), f"worker {number}")

    return {"place": place, "move": move, "claim": claim}


def _take(work: UnitOfWork, request_id: int) -> None:
    now = utc_now()
    apply_transition(work, get_request(work, request_id), Transition.CLAIM, now=now, next_at=now)


def _claim_one(work: UnitOfWork, owner: str) -> None:
    now = utc_now()
    (_,) = work.requests.claim_due(now=now, lease=Lease(owner, now + timedelta(seconds=LEASE_S)), limit=1)


async def run(*, quick: bool) -> Report:
    """Time the units of work."""
    count = QUICK_UNITS if quick else UNITS
    report = Report(
        "store: units a second",
        "one transaction a unit through the store | sqlite3 alone in one thread, the same SQL",
    )
    with new_folder() as folder:
        settings = settings_for(
            folder,
            {"DISCORD_TOKEN": "none", "CQTAI_API_KEY": "none"},
            max_active_per_member=1000,
            default_allowance=1_000_000,
        )
        url = settings.database_url.get_secret_value()
        await asyncio.to_thread(migrate, url)
        empty = sqlite_path(settings)
        actions = _actions(settings)
        together = await _through_store(_url(_copy(empty, "together.db")), actions, count, callers=CALLERS)
        alone = await _through_store(_url(_copy(empty, "alone.db")), actions, count, callers=1)
        statements = await _recorded(_copy(empty, "recorded.db"), actions, count)
        bare = await asyncio.to_thread(_replayed, _copy(empty, "replayed.db"), statements)
    for name in actions:
        report.add(
            f"SQLite: {name}",
            f"{together[name]:,.0f}/s",
            f"{alone[name]:,.0f}/s | {bare[name]:,.0f}/s",
            samples=count,
        )
    await _add_server_rows(report, settings, count)
    return report


async def run_caps(*, quick: bool) -> Report:
    """Time the placing with a cap over all servers, without, and with a split one; medians count."""
    count = QUICK_CAPPED if quick else CAPPED
    report = Report("caps: placing from 50 servers on PostgreSQL, one cap over all", "without a cap | split")
    runs: dict[str, list[tuple[float, list[float]]]] = {name: [] for name in CAPS}
    for name in tuple(CAPS) * ROUNDS:
        with server_database() as url:
            if url is None:
                report.add(f"PostgreSQL ({WANTED})", NONE_HERE)
                return report
            runs[name].append(await _under_cap(url, name, count=count))
            breaches, totals = await asyncio.to_thread(audit_database, url)
            report.wrong += breaches
            placed = sum(totals.requests.values())
            report.check(placed == 2 * count, f"{name}: {placed} of {2 * count} requests were placed")
    rates = {name: statistics.median(rate for rate, _ in runs[name]) for name in CAPS}
    one, none, split = (f"{rates[name]:,.0f}/s" for name in CAPS)
    report.add(f"{SERVERS} at once", one, f"{none} | {split}", samples=ROUNDS * count)
    times_s = {name: [one for _, paced in runs[name] for one in paced] for name in CAPS}
    one, none, split = (spread_ms(times_s[name]) for name in CAPS)
    report.add(f"{SERVERS}/s: median / p99 / max", one, f"{none} | {split}", samples=len(times_s["one"]))
    await _add_held(report)
    share = min(rates["one"], SERVERS) / min(rates["none"], SERVERS)
    report.add_target(
        f"placing {SERVERS}/s under the cap: at least {MIN_SHARE:.0%} of placing without it",
        f"{share:.0%}; as fast as possible {rates['one'] / rates['none']:.0%}, split "
        f"{rates['split'] / rates['none']:.0%}",
        reached=share >= MIN_SHARE,
    )
    return report


async def _add_held(report: Report) -> None:
    """Add what is on hold when more was asked for, at once, than the cap has."""
    held: dict[str, int] = {}
    for name in (name for name, has_cap in CAPS.items() if has_cap):
        with server_database() as url:
            if url is None:
                return
            async with open_store(url) as store:
                await _at_once(_placer(store, name, cap=TIGHT_CAP), TIGHT_CALLS)
            breaches, totals = await asyncio.to_thread(audit_database, url)
            held[name] = totals.held
            report.wrong += breaches
            report.check(
                totals.held <= TIGHT_CAP, f"{name}: {totals.held} of {TIGHT_CAP} credits are on hold"
            )
    of_one, of_split = (f"{credits_:,}" for credits_ in held.values())
    report.add(f"on hold of a cap of {TIGHT_CAP:,}", of_one, f"- | {of_split}", samples=TIGHT_CALLS)


async def _under_cap(url: str, name: str, *, count: int) -> tuple[float, list[float]]:
    """Return how many requests a second are placed at once, and the seconds of those placed at a pace."""
    async with open_store(url) as store:
        place, times_s = _placer(store, name, cap=MAX_CAP), list[float]()

        async def each_second(server: int) -> None:
            for turn in range(count // SERVERS):
                await asyncio.sleep(begun_s + turn + server / SERVERS - time.perf_counter())
                asked_s = time.perf_counter()
                await place(count + turn * SERVERS + server)
                times_s.append(time.perf_counter() - asked_s)

        begun_s = time.perf_counter()
        await _at_once(place, count)
        rate, begun_s = count / (time.perf_counter() - begun_s), time.perf_counter()
        await asyncio.gather(*map(each_second, range(SERVERS)))
        return rate, times_s


def _placer(store: Store, name: str, *, cap: int) -> Callable[[int], Awaitable[None]]:
    """Return what places a request by its number under this variant of the cap, or is refused."""
    settings = settings_for(
        Path(),
        {"DISCORD_TOKEN": "none", "CQTAI_API_KEY": "none"},
        total_credit_cap=cap if CAPS[name] else None,
        max_active_per_member=1000,
        max_waiting_per_server=1000,
        default_allowance=1_000_000,
    )
    on_store = SplitCapStore(store) if name == "split" else store
    songs = RequestService(on_store, config=song_config(settings), clock=utc_now)

    async def place(number: int) -> None:
        by = replace(request_context(number), guild_id=number % SERVERS + 1)
        with suppress(CapError, InsufficientFundsError):
            await songs.place(SongOptions(playlist=PLAYLIST), by)

    return place


async def _at_once(place: Callable[[int], Awaitable[None]], count: int) -> None:
    """Place this many requests, with a caller for each server."""
    numbers = iter(range(count))

    async def call() -> None:
        for number in numbers:
            await place(number)

    await asyncio.gather(*(call() for _ in range(SERVERS)))


async def _add_server_rows(report: Report, settings: Settings, count: int) -> None:
    """Add the same rows for PostgreSQL, if there is one."""
    rates: list[dict[str, float]] = []
    for callers, members in ((CALLERS, MEMBERS), (CALLERS, RIVALS), (1, MEMBERS)):
        with server_database() as url:
            if url is None:
                report.add(f"PostgreSQL ({WANTED})", NONE_HERE)
                return
            actions = _actions(settings, members=members)
            rates.append(await _through_store(url, actions, count, callers=callers))
    together, rivals, alone = rates
    for name in together:
        report.add(f"PostgreSQL: {name}", f"{together[name]:,.0f}/s", f"{alone[name]:,.0f}/s", samples=count)
    placed = rivals["place"]
    report.add(f"PostgreSQL: place, {RIVALS} members", f"{placed:,.0f}/s", samples=count)
    least = min(placed, together["place"])
    report.add_target(f"placing {MIN_PLACED}/s on PostgreSQL", f"{least:,.0f}/s", reached=least >= MIN_PLACED)


def _url(path: Path) -> str:
    return f"sqlite:///{path}"


def _copy(empty: Path, name: str) -> Path:
    return Path(shutil.copy(empty, empty.with_name(name)))


async def _through_store(
    url: str, actions: dict[str, Action], count: int, *, callers: int
) -> dict[str, float]:
    """Return the units per second of each kind, with this many concurrent callers."""
    rates: dict[str, float] = {}
    async with open_store(url) as store:
        for name, action in actions.items():
            begun_s = time.perf_counter()
            numbers = iter(range(count))
            await asyncio.gather(*(_call(store, action, numbers) for _ in range(callers)))
            rates[name] = count / (time.perf_counter() - begun_s)
    return rates


async def _call(store: Store, action: Action, numbers: Iterator[int]) -> None:
    for number in numbers:
        await action(store, number)


async def _recorded(path: Path, actions: dict[str, Action], count: int) -> dict[str, list[str]]:
    """Return the SQL of all units of each kind with its values, as the writing thread executed it."""
    statements: dict[str, list[str]] = {name: [] for name in actions}
    executed: list[str] = []

    def trace(connection: sqlite3.Connection, _: object) -> None:
        connection.set_trace_callback(executed.append)

    event.listen(Engine, "connect", trace)
    try:
        async with open_store(_url(path)) as store:
            for name, action in actions.items():
                executed.clear()
                for number in range(count):
                    await action(store, number)
                statements[name] += executed
    finally:
        event.remove(Engine, "connect", trace)
    return statements


def _replayed(path: Path, statements: dict[str, list[str]]) -> dict[str, float]:
    """Return the units per second of each kind with only the driver."""
    rates: dict[str, float] = {}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        for name, sql in statements.items():
            begun_s = time.perf_counter()
            for statement in sql:
                connection.execute(statement).fetchall()
            rates[name] = sql.count("COMMIT") / (time.perf_counter() - begun_s)
    return rates
