import asyncio

import pytest

from bot.domain.errors import ShardTakenError, StoreError
from bot.services.runtime.heartbeat import Heartbeat, ProcessConfig, ProcessRole
from bot.services.runtime.timings import HeartbeatTimings
from tests.harness.services import ServicesHarness

HEARTBEAT = HeartbeatTimings()


def attending(
    harness: ServicesHarness, process: str, config: ProcessConfig, timings: HeartbeatTimings = HEARTBEAT
) -> Heartbeat:
    return Heartbeat(
        harness.faulty_store, process=process, config=config, clock=harness.clock, timings=timings
    )


async def workers(harness: ServicesHarness) -> int:
    return await harness.store.read(lambda work: work.processes.workers(harness.clock()))


async def test_who_arrives_is_counted_until_they_leave_or_are_silent(harness: ServicesHarness) -> None:
    first, second = (
        attending(harness, "a", ProcessConfig()),
        attending(harness, "b", ProcessConfig(role=ProcessRole.WORKER)),
    )
    await first.register()
    await second.register()
    assert await workers(harness) == 2
    await second.deregister()
    assert await workers(harness) == 1
    await second.register()
    harness.clock.advance(HEARTBEAT.ttl_s)
    await first.register()
    assert await workers(harness) == 1


async def test_a_shard_is_served_by_one_process(harness: ServicesHarness) -> None:
    await attending(
        harness, "a", ProcessConfig(role=ProcessRole.GATEWAY, shards=(0, 1), shard_count=4)
    ).register()
    await attending(
        harness, "b", ProcessConfig(role=ProcessRole.GATEWAY, shards=(2,), shard_count=4)
    ).register()
    with pytest.raises(ShardTakenError):
        await attending(harness, "c", ProcessConfig(shards=(1,), shard_count=4)).register()
    await attending(harness, "d", ProcessConfig(role=ProcessRole.WORKER)).register()


@pytest.mark.parametrize(
    ("role", "takes_commands", "works"),
    [(ProcessRole.ALL, True, True), (ProcessRole.GATEWAY, True, False), (ProcessRole.WORKER, False, True)],
)
def test_what_a_role_does(role: ProcessRole, takes_commands: bool, works: bool) -> None:
    assert (role.takes_commands, role.works) == (takes_commands, works)


async def test_heartbeats_outlast_a_database_outage_and_end_when_the_shards_are_taken(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.faults.fail("heartbeat.register", error=StoreError("away"), times=1)
    running = asyncio.create_task(
        attending(harness, "a", ProcessConfig(), HeartbeatTimings(interval_s=0)).run()
    )
    async with asyncio.timeout(20):
        while not await workers(harness):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        harness.clock.advance(HEARTBEAT.ttl_s)
        harness.faults.fail("heartbeat.register", error=ShardTakenError(0, "b"))
        with pytest.raises(ShardTakenError):
            await running
    assert "the heartbeat could not be recorded: away" in caplog.text
