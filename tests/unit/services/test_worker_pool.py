import asyncio
from datetime import datetime, timedelta

from bot.services.runtime.worker import Worker
from bot.services.worker_pool import WorkerPool
from tests.harness.services import ServicesHarness
from tests.unit.services.runtime.test_worker import Counter, now


async def test_loops_that_do_not_look_for_work_are_named_with_the_time(harness: ServicesHarness) -> None:
    later = timedelta()

    def clock() -> datetime:
        return now() + later

    handler = Counter([1])
    loop = Worker(handler, clock=clock, concurrency=1, poll_interval_s=3600)
    pool = WorkerPool(harness.store, loop, stalled_s=1800)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(loop.run())
        await handler.until(lambda: handler.done == [1])
        assert pool.stalled() is None
        later = timedelta(hours=1)
        assert pool.stalled() == "counter: no look for work for 1800 s"
        pool.stop()
    assert pool.stalled() is None
