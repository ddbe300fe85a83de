"""How soon the bot is ready after a start with 10,000 unfinished requests in its database, of either kind.

Measured: from the start of the process `python -m bot run` until it has claimed the first request,
until it has a session at the gateway (from then on commands reach it), until a member's first `/inspire` is
answered, and until `/readyz` says yes. Against: the same start with an empty database.
"""

import asyncio
import contextlib
import socket
import sqlite3
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from benchmarks.harness.inflight import write_in_flight
from benchmarks.harness.local_servers import LocalServers, ServersConfig
from benchmarks.harness.program import new_folder, settings_for
from benchmarks.harness.report import Report
from benchmarks.harness.servers import NONE_HERE, WANTED, server_database
from bot.storage.database_url import parse_url
from sandbox.bot_process import BotProcess
from tests.harness.databases import execute

UNFINISHED, QUICK_UNFINISHED = 10_000, 500
WAITING_SHARE = 0.3
SONG_S = 36_000.0
POLL_INTERVAL_S = 0.01
WITHIN_S = 60.0
MAX_S = 3.0
CLAIMED = "SELECT 1 FROM requests WHERE lease_until IS NOT NULL LIMIT 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Seconds from the start of the process."""

    claimed_s: float
    """Until the first request was claimed; 0 if there was none."""
    connected_s: float
    answered_s: float
    """Until a member's command, used when the bot had connected, was answered."""
    ready_s: float


async def run(*, quick: bool) -> Report:
    """Start the bot with and without unfinished requests."""
    unfinished = QUICK_UNFINISHED if quick else UNFINISHED
    report = Report(
        f"restart: start with {unfinished:,} unfinished requests", "the same with an empty database"
    )
    with new_folder() as folder:
        await _compare(
            report,
            "SQLite",
            unfinished,
            f"sqlite:///{folder / 'full.db'}",
            f"sqlite:///{folder / 'empty.db'}",
        )
    with server_database() as full_url, server_database() as empty_url:
        if full_url is None or empty_url is None:
            report.add(f"PostgreSQL ({WANTED})", NONE_HERE)
        else:
            await _compare(report, "PostgreSQL", unfinished, full_url, empty_url)
    return report


async def _compare(report: Report, name: str, unfinished: int, full_url: str, empty_url: str) -> None:
    """Start the bot on a full and on an empty database."""
    full, empty = await _start(full_url, unfinished), await _start(empty_url, 0)
    report.add(f"{name}: first request claimed after", f"{full.claimed_s:.2f} s", samples=1)
    for what, at_s, empty_s in (
        ("connected to Discord", full.connected_s, empty.connected_s),
        ("first /inspire answered", full.answered_s, empty.answered_s),
        ("/readyz says yes", full.ready_s, empty.ready_s),
    ):
        report.add(f"{name}: {what} after", f"{at_s:.2f} s", f"{empty_s:.2f} s", samples=1)
    for what, at_s in (("commands reach it", full.connected_s), ("/readyz", full.ready_s)):
        figure = f"ready under {MAX_S:g} s on {name} ({what})"
        report.add_target(figure, f"{at_s:.2f} s", reached=at_s < MAX_S)


async def _start(url: str, unfinished: int) -> Start:
    """Start the bot once with this many unfinished requests, of which some are queued."""
    waiting = int(WAITING_SHARE * unfinished)
    port = _free_port()
    with new_folder() as folder:
        async with LocalServers(ServersConfig(members=1000, song_s=SONG_S)) as servers:
            generous = {"MAX_ACTIVE_PER_MEMBER": "1000", "DEFAULT_ALLOWANCE": "1000000"}
            local = {**servers.settings, **generous, "MAX_RUNNING": str(max(1, unfinished - waiting))}
            settings = settings_for(folder, local, database_url=url)
            await write_in_flight(
                settings, await servers.create_pending(waiting=waiting, making=unfinished - waiting)
            )
            bot = BotProcess(folder, settings={**local, "DATABASE_URL": url, "HTTP_PORT": str(port)})
            begun_s = time.monotonic()
            await bot.start()
            try:
                async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as group:
                    claimed = group.create_task(_at(begun_s, lambda: _has_claimed(url)))
                    ready = group.create_task(_at(begun_s, lambda: _is_ready(port)))
                    connected_s = await _at(begun_s, servers.connected)
                    await servers.order(1, per_s=1, members=1)
                    answered_s = time.monotonic() - begun_s
                    if not unfinished:
                        claimed.cancel()
            finally:
                await bot.kill()
    return Start(
        claimed_s=0.0 if claimed.cancelled() else claimed.result(),
        connected_s=connected_s,
        answered_s=answered_s,
        ready_s=ready.result(),
    )


async def _at(begun_s: float, is_so: Callable[[], Awaitable[bool]]) -> float:
    """Return the seconds from the start until the condition is true."""
    while not await is_so():  # noqa: ASYNC110 - other processes have no event to wait for
        await asyncio.sleep(POLL_INTERVAL_S)
    return time.monotonic() - begun_s


async def _has_claimed(url: str) -> bool:
    if not url.startswith("sqlite"):
        return bool(await asyncio.to_thread(execute, url, CLAIMED))
    with contextlib.closing(sqlite3.connect(f"file:{parse_url(url)}?mode=ro", uri=True)) as connection:
        return connection.execute(CLAIMED).fetchone() is not None


async def _is_ready(port: int) -> bool:
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as response,
        ):
            return response.status == 200
    except aiohttp.ClientError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
