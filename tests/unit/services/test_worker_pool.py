import asyncio
from datetime import datetime, timedelta

from bot.services.runtime.worker import Worker
from bot.services.worker_pool import WorkerPool
from tests.harness.services import ServicesHarness


async def test_loops_that_do_not_look_for_work_are_named_with_the_time(harness: ServicesHarness) -> None:
    later = timedelta()

    def clock() -> datetime:
        return harness.clock() + later

    loop = Worker(harness.poller, clock=clock, concurrency=1, poll_interval_s=3600)
    pool = WorkerPool(harness.store, loop, stalled_s=1800)
    assert pool.stalled() is None
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(loop.run())
        while pool.stalled() is None:  # it looks once, when it begins
            await asyncio.sleep(0.001)
            later += timedelta(hours=1)
        assert pool.stalled() == f"{loop.name}: no look for work for 1800 s"
        pool.stop()
    assert pool.stalled() is None
