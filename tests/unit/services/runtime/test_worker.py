import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import StoreError
from bot.services.runtime.worker import Worker


def now() -> datetime:
    return datetime.now(UTC)


class Counter:
    """A job handler of numbers, which can be made to fail."""

    name = "counter"
    queue = None

    def __init__(self, items: Sequence[int]) -> None:
        self.items = list(items)
        self.done: list[int] = []
        self.most_at_once = 0
        self.at_once = 0
        self.broken_claims = 0
        self.broken_checks = 0
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._moved = asyncio.Event()

    async def until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            await self._moved.wait()
            self._moved.clear()

    async def claim(self, limit: int) -> Sequence[int]:
        if self.broken_claims:
            self.broken_claims -= 1
            raise StoreError("no database")
        taken, self.items = self.items[:limit], self.items[limit:]
        return taken

    async def handle(self, item: int) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self._moved.set()
        await self.go_on.wait()
        self.at_once -= 1
        if item < 0:
            raise ValueError(item)
        self.done.append(item)
        self._moved.set()

    async def next_due_at(self) -> datetime | None:
        if self.broken_checks:
            self.broken_checks -= 1
            raise StoreError("no database")
        return now() - timedelta(seconds=1) if self.items else None


async def run_until_done(handler: Counter, *, concurrency: int, count: int) -> None:
    worker = Worker(handler, clock=now, concurrency=concurrency)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        running = group.create_task(worker.run())
        await handler.until(lambda: len(handler.done) >= count)
        worker.stop()
        await running


async def test_all_that_is_due_is_done_within_the_concurrency() -> None:
    handler = Counter(range(20))
    await run_until_done(handler, concurrency=3, count=20)
    assert sorted(handler.done) == list(range(20))
    assert handler.most_at_once <= 3


async def test_one_broken_piece_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    handler = Counter([1, -1, 2])
    await run_until_done(handler, concurrency=2, count=2)
    assert handler.done == [1, 2]
    assert "one item failed" in caplog.text


async def test_a_database_that_is_away_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    handler = Counter([1])
    handler.broken_claims = handler.broken_checks = 1
    await run_until_done(handler, concurrency=1, count=1)
    assert "OPERATOR: the database does not answer (counter): no database" in caplog.text
    assert "OPERATOR: nothing could be claimed (counter): no database" in caplog.text


async def test_what_is_running_is_finished_when_it_stops() -> None:
    handler = Counter([1, 2])
    handler.go_on.clear()
    worker = Worker(handler, clock=now, concurrency=1)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        await handler.until(lambda: handler.at_once > 0)
        worker.wake()  # nothing more is claimed: all its slots are full
        await asyncio.sleep(0.01)
        worker.stop()
        handler.go_on.set()
    assert handler.done == [1]
    assert handler.items == [2]


async def test_a_wake_up_cuts_the_rest_short() -> None:
    handler = Counter([])
    worker = Worker(handler, clock=now, concurrency=1)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        await asyncio.sleep(0.02)
        handler.items.append(7)
        worker.wake()
        await handler.until(lambda: bool(handler.done))
        worker.stop()
    assert handler.done == [7]
