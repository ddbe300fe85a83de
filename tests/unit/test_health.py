import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import aiohttp
import pytest

from bot.domain.errors import StoreError
from bot.health import PortTakenError, database_problem, disk_problem, health_app, serving
from bot.services.runtime.worker import Worker
from bot.services.unit_of_work import UnitOfWork
from bot.storage.disk import free_bytes
from bot.storage.sqlite.store import SqliteStore
from tests.harness.clock import START, FakeClock
from tests.harness.services import services_harness

P = ParamSpec("P")
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Process:
    """The state that the endpoints report."""

    hanging: str | None = None
    missing: str | None = None
    accepted: str = ""

    def alive(self) -> str | None:
        return self.hanging

    async def ready(self) -> str | None:
        return self.missing

    async def page(self, accept: str) -> tuple[bytes, str]:
        self.accepted = accept
        return b"inspire_database_up 1.0\n", "text/plain; version=0.0.4; charset=utf-8"


@asynccontextmanager
async def watched(process: Process) -> AsyncIterator[Callable[[str], "asyncio.Future[tuple[int, str]]"]]:
    port = free_port()
    app = health_app(alive=process.alive, ready=process.ready, metrics=process.page)
    async with serving(app, host="127.0.0.1", port=port), aiohttp.ClientSession() as session:

        async def get(path: str) -> tuple[int, str]:
            async with session.get(
                f"http://127.0.0.1:{port}{path}", headers={"Accept": "text/plain"}
            ) as reply:
                return reply.status, await reply.text()

        yield lambda path: asyncio.ensure_future(get(path))


async def test_a_process_that_is_well_says_so() -> None:
    async with watched(Process()) as get:
        assert await get("/healthz") == (200, '{"status": "ok"}')
        assert await get("/readyz") == (200, '{"status": "ready"}')


async def test_what_hangs_and_what_is_missing_is_named() -> None:
    async with watched(Process(hanging="outbox", missing="not connected to Discord")) as get:
        assert await get("/healthz") == (503, '{"status": "hanging", "reason": "outbox"}')
        status, words = await get("/readyz")
        assert (status, "not connected to Discord" in words) == (503, True)


async def test_the_metrics_are_served_in_the_form_that_is_asked_for() -> None:
    process = Process()
    async with watched(process) as get:
        assert await get("/metrics") == (200, "inspire_database_up 1.0\n")
    assert process.accepted == "text/plain"


async def test_nothing_listens_without_a_port() -> None:
    process = Process()
    app = health_app(alive=process.alive, ready=process.ready, metrics=process.page)
    async with serving(app, host="127.0.0.1", port=None):
        assert not app.frozen


async def test_a_port_that_is_taken_is_an_error() -> None:
    process = Process()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        app = health_app(alive=process.alive, ready=process.ready, metrics=process.page)
        with pytest.raises(PortTakenError, match="another program listens on port"):
            async with serving(app, host="127.0.0.1", port=taken.getsockname()[1]):
                raise AssertionError("unreachable")


async def test_a_database_that_answers_is_not_silent(tmp_path: Path) -> None:
    async with services_harness(tmp_path) as harness:
        assert await database_problem(harness.store) is None


@pytest.mark.parametrize(
    ("free_bytes", "says"),
    [(None, None), (2**24, None), (3_000_000, "the disk of the database is full: 3 MB are free")],
)
def test_a_full_disk_is_told(free_bytes: int | None, says: str | None) -> None:
    assert disk_problem(free_bytes) == says


def test_the_room_is_that_of_the_folder_which_is_there(tmp_path: Path) -> None:
    room = free_bytes(f"sqlite:///{tmp_path}/none/yet/inspire.db")
    assert room is not None
    assert room > 0
    assert free_bytes("postgresql://inspire@db/songs") is None


class Away(SqliteStore):
    """A database that never answers, or only with an error."""

    def __init__(self, error: StoreError | None) -> None:
        self.error = error

    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self.error is not None:
            raise self.error
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def test_a_database_that_fails_says_why() -> None:
    assert await database_problem(Away(StoreError("no room left"))) == "no room left"


async def test_a_database_that_hangs_is_not_waited_for() -> None:
    assert await database_problem(Away(None), within_s=0.01) == "the database has not answered within 0.01 s"


class SlowHandler:
    """A job handler whose database may hang."""

    name = "slow"
    queue = None

    def __init__(self) -> None:
        self.claims = 0
        self.claimed = asyncio.Event()
        self.go_on = asyncio.Event()

    async def claim(self, limit: int) -> list[int]:
        self.claims += 1
        self.claimed.set()
        await self.go_on.wait()
        return []

    async def handle(self, item: int) -> None:
        raise AssertionError("unreachable")

    async def next_due_at(self) -> datetime:
        return START


async def test_a_worker_hangs_when_it_has_not_looked_for_long() -> None:
    handler, clock = SlowHandler(), FakeClock()
    worker: Worker[int] = Worker(handler, clock=clock, concurrency=1)
    clock.advance(100)
    assert not worker.is_stalled(60)  # it has not begun
    running = asyncio.create_task(worker.run())
    await handler.claimed.wait()
    clock.advance(60)
    assert not worker.is_stalled(60)
    clock.advance(1)
    assert worker.is_stalled(60)
    assert worker.name == "slow"
    assert worker.running == 0
    worker.stop()
    assert not worker.is_stalled(60)  # it finishes its running items; the shutdown has a deadline of its own
    handler.go_on.set()
    await running


async def test_a_worker_that_looks_again_hangs_no_longer() -> None:
    handler, clock = SlowHandler(), FakeClock()
    worker: Worker[int] = Worker(handler, clock=clock, concurrency=1)
    running = asyncio.create_task(worker.run())
    await handler.claimed.wait()
    clock.advance(61)
    handler.claimed.clear()
    handler.go_on.set()
    worker.wake()
    await handler.claimed.wait()
    assert not worker.is_stalled(60)
    worker.stop()
    await running
