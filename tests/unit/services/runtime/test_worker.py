import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import StoreError
from bot.services.runtime.worker import Worker


def now() -> datetime:
    return datetime.now(UTC)


class Counter:
    """A job handler that hands out numbers, and fails if it is made to."""

    name = "counter"

    def __init__(self, items: Sequence[int]) -> None:
        self.items = list(items)
        self.done: list[int] = []
        self.most_at_once = 0
        self.at_once = 0
        self.broken_claims = 0
        self.broken_looks = 0
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
        if self.broken_looks:
            self.broken_looks -= 1
            raise StoreError("no database")
        return now() - timedelta(seconds=1) if self.items else None


async def run_until_done(desk: Counter, *, concurrency: int, count: int) -> None:
    worker = Worker(desk, clock=now, concurrency=concurrency)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        running = group.create_task(worker.run())
        await desk.until(lambda: len(desk.done) >= count)
        worker.stop()
        await running


async def test_all_that_is_due_is_done_within_the_concurrency() -> None:
    desk = Counter(range(20))
    await run_until_done(desk, concurrency=3, count=20)
    assert sorted(desk.done) == list(range(20))
    assert desk.most_at_once <= 3


async def test_one_broken_piece_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    desk = Counter([1, -1, 2])
    await run_until_done(desk, concurrency=2, count=2)
    assert desk.done == [1, 2]
    assert "one item failed" in caplog.text


async def test_a_database_that_is_away_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    desk = Counter([1])
    desk.broken_claims = desk.broken_looks = 1
    await run_until_done(desk, concurrency=1, count=1)
    assert "does not answer: no database" in caplog.text


async def test_what_is_in_hand_is_finished_when_it_stops() -> None:
    desk = Counter([1, 2])
    desk.go_on.clear()
    worker = Worker(desk, clock=now, concurrency=1)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        await desk.until(lambda: desk.at_once > 0)
        worker.wake()  # nothing more is taken: its hands are full
        await asyncio.sleep(0.01)
        worker.stop()
        desk.go_on.set()
    assert desk.done == [1]
    assert desk.items == [2]


async def test_a_wake_up_cuts_the_rest_short() -> None:
    desk = Counter([])
    worker = Worker(desk, clock=now, concurrency=1)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        await asyncio.sleep(0.02)
        desk.items.append(7)
        worker.wake()
        await desk.until(lambda: bool(desk.done))
        worker.stop()
    assert desk.done == [7]
