"""The contract of every store for processes: who is alive, and one process for each shard."""

import pytest
from typing_extensions import override

from bot.domain.errors import ShardTakenError
from bot.services.unit_of_work import UnitOfWork
from bot.storage.repositories.runtime import SqlProcessRegistry
from bot.storage.store import SqlStore
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.unit.storage.databases import column
from tests.unit.storage.factories import after


async def heartbeat(
    store: SqlStore,
    process: str,
    *shards: int,
    of: int = 8,
    role: str = "all",
    at_s: float = 0,
    until_s: float = 60,
) -> None:
    await store.write(
        lambda work: work.processes.heartbeat(
            process, role=role, shards=shards, shard_count=of, now=after(at_s), until=after(until_s)
        )
    )


async def workers(store: SqlStore, *, at_s: float = 0) -> int:
    return await store.read(lambda work: work.processes.workers(after(at_s)))


async def served(store: SqlStore) -> list[object]:
    return await column(store, "SELECT shard_id FROM shards ORDER BY shard_id")


async def test_the_living_who_work_are_counted_and_at_least_oneself(store: SqlStore) -> None:
    assert await workers(store) == 1
    await heartbeat(store, "gateway", 0, role="gateway")
    assert await workers(store) == 1
    await heartbeat(store, "a", role="worker", until_s=10)
    await heartbeat(store, "b", 1, role="all", until_s=20)
    assert await workers(store, at_s=9) == 2
    assert await workers(store, at_s=10) == 1
    assert await workers(store, at_s=20) == 1


async def test_the_living_are_known_by_their_role(store: SqlStore) -> None:
    assert await store.read(lambda work: work.processes.alive(after(0))) == {}
    await heartbeat(store, "gateway", 0, role="gateway", until_s=10)
    for process in ("a", "b"):
        await heartbeat(store, process, role="worker", until_s=20)
    assert await store.read(lambda work: work.processes.alive(after(9))) == {"gateway": 1, "worker": 2}
    assert await store.read(lambda work: work.processes.alive(after(10))) == {"worker": 2}


async def test_a_beat_prolongs_a_life(store: SqlStore) -> None:
    for process in ("a", "b"):
        await heartbeat(store, process, role="worker", until_s=10)
    await heartbeat(store, "a", role="worker", at_s=9, until_s=30)
    await heartbeat(store, "b", role="worker", at_s=9, until_s=30)
    assert await workers(store, at_s=29) == 2


async def test_who_leaves_is_not_counted_and_frees_its_shards(store: SqlStore) -> None:
    await heartbeat(store, "a", 0, 1)
    await heartbeat(store, "b", role="worker")
    await store.write(lambda work: work.processes.deregister("a"))
    assert (await workers(store), await served(store)) == (1, [])
    await heartbeat(store, "c", 1, 2)


async def test_a_shard_is_served_by_whoever_came_first(store: SqlStore) -> None:
    await heartbeat(store, "a", 0, 1, 2)
    with pytest.raises(ShardTakenError) as refused:
        await heartbeat(store, "b", 3, 2)
    assert (refused.value.shard, refused.value.process) == (2, "a")
    assert "Shard 2 is served by another process (a)" in str(refused.value)
    assert await served(store) == [0, 1, 2], "nothing was changed"
    assert await workers(store) == 1
    await heartbeat(store, "a", 0, 1, 2)


async def test_the_shards_of_a_process_that_died_are_free_when_its_time_is_over(store: SqlStore) -> None:
    await heartbeat(store, "a", 0, until_s=10)
    with pytest.raises(ShardTakenError):
        await heartbeat(store, "b", 0, at_s=9)
    await heartbeat(store, "b", 0, at_s=10)
    with pytest.raises(ShardTakenError) as refused:
        await heartbeat(store, "a", 0, at_s=11)
    assert refused.value.process == "b"


async def test_a_process_that_died_before_the_clock_was_set_back_is_soon_taken_for_dead(
    store: SqlStore,
) -> None:
    await heartbeat(store, "a", 0, at_s=3600, until_s=3615)
    with pytest.raises(ShardTakenError):
        await heartbeat(store, "b", 0, at_s=0, until_s=15)
    await heartbeat(store, "c", role="worker", at_s=0, until_s=15)
    await heartbeat(store, "b", 0, at_s=15, until_s=30)
    assert await served(store) == [0]


async def test_a_process_gives_up_the_shards_that_it_no_longer_names(store: SqlStore) -> None:
    await heartbeat(store, "a", 0, 1)
    await heartbeat(store, "a", 1, 2)
    assert await served(store) == [1, 2]
    await heartbeat(store, "b", 0)


async def test_a_worker_serves_no_shard_whichever_it_names(store: SqlStore) -> None:
    await heartbeat(store, "a", 0)
    await heartbeat(store, "b", 0, role="worker")
    assert await served(store) == [0]


@pytest.mark.parametrize(
    ("mine", "theirs", "taken"),
    [
        ((0, 1), (0, 8), True),
        ((5, 8), (1, 4), True),
        ((5, 8), (2, 4), False),
        ((1, 2), (2, 3), True),
        ((0, 2), (1, 2), False),
    ],
)
async def test_shards_of_two_counts_are_refused_when_they_have_servers_in_common(
    store: SqlStore, mine: tuple[int, int], theirs: tuple[int, int], taken: bool
) -> None:
    guilds = [{n for n in range(24) if n % count == shard} for shard, count in (mine, theirs)]
    assert bool(guilds[0] & guilds[1]) is taken
    await heartbeat(store, "a", mine[0], of=mine[1])
    if taken:
        with pytest.raises(ShardTakenError):
            await heartbeat(store, "b", theirs[0], of=theirs[1])
    else:
        await heartbeat(store, "b", theirs[0], of=theirs[1])


class Unseeing(SqlProcessRegistry):
    """Processes that do not see each other."""

    @override
    def _refuse_overlap(self, process: str, shard: int, shard_count: int) -> None:
        pass


async def test_the_key_of_the_table_decides_when_two_did_not_see_each_other(store: SqlStore) -> None:
    def beat_unseen(uow: UnitOfWork) -> None:
        assert isinstance(uow, SqlUnitOfWork)
        Unseeing(uow.connection).heartbeat(
            "b", role="all", shards=(0,), shard_count=8, now=after(0), until=after(60)
        )

    await heartbeat(store, "a", 0)
    with pytest.raises(ShardTakenError, match="Shard 0"):
        await store.write(beat_unseen)


async def test_the_same_shard_of_another_count_is_what_a_process_begins_anew_with(store: SqlStore) -> None:
    await heartbeat(store, "a", 0, of=1)
    await heartbeat(store, "a", 0, of=2)
    assert await column(store, "SELECT shard_count FROM shards") == [2]
