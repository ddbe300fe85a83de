import asyncio

import pytest

from bot.domain.errors import ShardTakenError, StoreError
from bot.services.attendance import Attendance, Part, Role
from bot.services.timings import HeartbeatTimings
from tests.unit.services.house import House

HEARTBEAT = HeartbeatTimings()


def attending(home: House, process: str, part: Part, timings: HeartbeatTimings = HEARTBEAT) -> Attendance:
    return Attendance(home.store, process=process, part=part, clock=home.clock, timings=timings)


async def workers(home: House) -> int:
    return await home.store.read(lambda work: work.presence.workers(home.clock()))


async def test_who_arrives_is_counted_until_they_leave_or_are_silent(home: House) -> None:
    first, second = attending(home, "a", Part()), attending(home, "b", Part(role=Role.WORKER))
    await first.arrive()
    await second.arrive()
    assert await workers(home) == 2
    await second.leave()
    assert await workers(home) == 1
    await second.arrive()
    home.clock.turn(HEARTBEAT.ttl_s)
    await first.arrive()
    assert await workers(home) == 1


async def test_a_shard_is_served_by_one_process(home: House) -> None:
    await attending(home, "a", Part(role=Role.GATEWAY, shards=(0, 1), shard_count=4)).arrive()
    await attending(home, "b", Part(role=Role.GATEWAY, shards=(2,), shard_count=4)).arrive()
    with pytest.raises(ShardTakenError):
        await attending(home, "c", Part(shards=(1,), shard_count=4)).arrive()
    await attending(home, "d", Part(role=Role.WORKER)).arrive()


@pytest.mark.parametrize(
    ("role", "takes_commands", "works"),
    [(Role.ALL, True, True), (Role.GATEWAY, True, False), (Role.WORKER, False, True)],
)
def test_what_a_role_does(role: Role, takes_commands: bool, works: bool) -> None:
    assert (role.takes_commands, role.works) == (takes_commands, works)


async def test_signs_of_life_go_on_through_a_database_that_is_away_and_end_when_the_shards_are_taken(
    home: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = attending(home, "a", Part(), HeartbeatTimings(interval_s=0))
    outcomes: list[Exception | None] = [StoreError("away"), None, ShardTakenError(0, "b")]

    async def arrive() -> None:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    monkeypatch.setattr(found, "arrive", arrive)
    async with asyncio.timeout(20):
        with pytest.raises(ShardTakenError):
            await found.run()
    assert not outcomes
    assert "no sign of life could be given: away" in caplog.text
