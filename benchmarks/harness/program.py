"""The real bot in this process, and the measurements of it."""

import asyncio
import gc
import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from discord.state import ConnectionState
from discord.webhook.async_ import AsyncWebhookAdapter

from bot.app import DRIVERS, Application, Drivers, build_application
from bot.config import Settings
from bot.storage.database_url import parse_url
from bot.storage.schema import migrate
from bot.storage.store import audit_database

READY_S = 60.0
TICK_S = 0.01
PAGE_BYTES = resource.getpagesize()
MIB = 1024 * 1024


@contextmanager
def new_folder() -> Iterator[Path]:
    """Create a folder on disk and delete it afterwards."""
    with tempfile.TemporaryDirectory(prefix="inspire-bench-") as folder:
        yield Path(folder)


def settings_for(folder: Path, local: Mapping[str, str], **changes: object) -> Settings:
    """Return settings with a database in the folder, without reading the environment or `.env`."""
    values = {name.lower(): value for name, value in local.items()}
    database = {"database_url": f"sqlite:///{folder / 'inspire.db'}"}
    return Settings.model_validate({"max_waiting_per_server": 100_000} | values | database | changes)


@asynccontextmanager
async def running(settings: Settings, *, drivers: Drivers = DRIVERS) -> AsyncIterator[Application]:
    """Run the bot, from its start to its graceful shutdown."""
    await asyncio.to_thread(migrate, settings.database_url.get_secret_value())
    async with build_application(settings, drivers=drivers) as app, asyncio.TaskGroup() as group:
        task = group.create_task(app.run())
        try:
            async with asyncio.timeout(READY_S):
                await app.client.wait_until_ready()
            yield app
        finally:
            app.shutdown.request()
            await task


async def breaches(settings: Settings) -> list[str]:
    """Return what is wrong with the credits, by the operator's audit."""
    found, _ = await asyncio.to_thread(audit_database, settings.database_url.get_secret_value())
    return found


def sqlite_path(settings: Settings) -> Path:
    """Return the path of the settings' SQLite file."""
    path = parse_url(settings.database_url.get_secret_value())
    if not isinstance(path, Path):
        raise TypeError(path)
    return path


async def placed(settings: Settings, count: int, *, within_s: float = 30.0) -> int:
    """Return the number of requests in the database, once it is at least `count` or the time is over."""
    path = sqlite_path(settings)
    deadline_s = time.monotonic() + within_s
    with closing(sqlite3.connect(path)) as connection:
        while True:
            (found,) = connection.execute("SELECT count(*) FROM requests").fetchone()
            if found >= count or time.monotonic() > deadline_s:
                return int(found)
            await asyncio.sleep(0.05)


@dataclass(slots=True)
class Stopwatch:
    """The times of each interaction's dispatch by the gateway and of its first answer, in seconds."""

    dispatched_s: dict[int, float] = field(default_factory=dict)
    answered_s: dict[int, float] = field(default_factory=dict)

    def taken_s(self) -> list[float]:
        """Return the seconds that each answer took which Discord accepted."""
        return [at_s - self.dispatched_s[number] for number, at_s in self.answered_s.items()]


@contextmanager
def callbacks_timed() -> Iterator[Stopwatch]:
    """Time every interaction of the clients that are created inside.

    It wraps the discord.py functions that parse an interaction and send a callback, so that every bot is
    timed alike.
    """
    stopwatch = Stopwatch()
    parse = ConnectionState.parse_interaction_create
    respond = AsyncWebhookAdapter.create_interaction_response

    def parsed(state, data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the signature is discord.py's
        stopwatch.dispatched_s[int(data["id"])] = time.perf_counter()
        return parse(state, data)

    async def responded(  # type: ignore[no-untyped-def]  # noqa: ANN202 - the signature is discord.py's
        adapter,  # noqa: ANN001 - the signature is discord.py's
        interaction_id,  # noqa: ANN001 - the signature is discord.py's
        token,  # noqa: ANN001 - the signature is discord.py's
        **rest,  # noqa: ANN003 - whatever discord.py passes is passed on
    ):
        answer = await respond(adapter, interaction_id, token, **rest)
        stopwatch.answered_s.setdefault(interaction_id, time.perf_counter())
        return answer

    names = ("parse_interaction_create", "create_interaction_response")
    for owner, name, timed in zip(
        (ConnectionState, AsyncWebhookAdapter), names, (parsed, responded), strict=True
    ):
        setattr(owner, name, timed)
    try:
        yield stopwatch
    finally:
        for owner, name, own in zip(
            (ConnectionState, AsyncWebhookAdapter), names, (parse, respond), strict=True
        ):
            setattr(owner, name, own)


@dataclass(slots=True)
class ProcessLoad:
    """The load on the process while it was measured."""

    lags_s: list[float] = field(default_factory=list)
    """The lag of the event loop, each 10 ms."""
    cpu_share: float = 0.0
    """Share of one core."""
    rss_bytes: int = 0
    """Memory at the end."""


@asynccontextmanager
async def process_load() -> AsyncIterator[ProcessLoad]:
    """Measure this process and its event loop."""
    found = ProcessLoad()
    gc.collect()
    ticking = asyncio.create_task(_tick(found.lags_s))
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    try:
        yield found
    finally:
        found.cpu_share = (time.process_time() - cpu_s) / (time.perf_counter() - wall_s)
        found.rss_bytes = resident_bytes()
        ticking.cancel()


async def _tick(lags_s: list[float]) -> None:
    while True:
        before_s = time.perf_counter()
        await asyncio.sleep(TICK_S)
        lags_s.append(time.perf_counter() - before_s - TICK_S)


def resident_bytes(pid: int | None = None) -> int:
    """Return the memory that a process has now (Linux); this one if none is named."""
    pages = int(Path(f"/proc/{pid or os.getpid()}/statm").read_text(encoding="ascii").split()[1])
    return pages * PAGE_BYTES
