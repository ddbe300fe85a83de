"""Several processes on one PostgreSQL database: nothing is taken twice, nothing is lost."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.domain.errors import ShardTakenError
from bot.domain.ledger import Balance
from bot.domain.requests import State
from bot.domain.retry_policy import RetryPolicy
from bot.domain.transitions import Transition
from bot.services.ports import WorkQueue
from bot.services.repositories.outbox import MessageKind
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore, audit_database, open_store
from bot.storage.timings import StorageTimings
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.harness.databases import execute
from tests.unit.storage.databases import column
from tests.unit.storage.factories import (
    COST,
    NOW,
    account_of,
    add,
    after,
    brought_to,
    hold,
    lease,
    open_account,
    placed,
)

ROOT = Path(__file__).parents[4]
BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'inspire' AND datname = '{}'"


@pytest.fixture
async def stores(any_postgres_url: str) -> AsyncIterator[tuple[SqlStore, SqlStore]]:
    """Two stores on one database, as two processes have them."""
    async with AsyncExitStack() as stack:
        timings = StorageTimings(reconnects=RetryPolicy(first_s=0.01, max_s=0.01))
        one, other = [
            await stack.enter_async_context(open_store(any_postgres_url, timings)) for _ in range(2)
        ]
        yield one, other


async def test_no_request_is_claimed_twice(stores: tuple[SqlStore, SqlStore]) -> None:
    def unit(uow: UnitOfWork) -> None:
        for request in add(uow, *range(1, 121)):
            taken = brought_to(uow, request, State.SUBMITTING)
            uow.requests.transition(taken, Transition.ACCEPT, next_at=NOW)

    def claim(uow: UnitOfWork, owner: str) -> list[int]:
        claimed = uow.requests.claim_due(now=NOW, lease=lease(owner), limit=7)
        return [request.id for request in claimed]

    await stores[0].write(unit)
    claims = await asyncio.gather(
        *(store.write(claim, f"worker-{number}") for number, store in enumerate(stores) for _ in range(12))
    )
    claimed = [request_id for claim in claims for request_id in claim]
    assert len(claimed) == len(set(claimed))
    claimed += await stores[0].write(claim, "last") + await stores[1].write(claim, "last")
    while more := await stores[0].write(claim, "last"):
        claimed += more
    assert sorted(claimed) == list(range(1, 121))


async def test_no_message_is_claimed_twice(stores: tuple[SqlStore, SqlStore]) -> None:
    def unit(uow: UnitOfWork) -> None:
        for request in add(uow, *range(1, 61)):
            uow.outbox.mark_due(request.id, MessageKind.STATUS, due_at=NOW)

    def claim(uow: UnitOfWork) -> list[int]:
        return [n.source_id for n in uow.outbox.claim_due(now=NOW, lease=lease(), limit=7)]

    await stores[0].write(unit)
    claims = await asyncio.gather(*(store.write(claim) for store in stores for _ in range(10)))
    claimed = [request_id for claim in claims for request_id in claim]
    assert len(claimed) == len(set(claimed))
    assert claimed


async def test_of_a_hundred_holds_by_two_processes_ten_fit(stores: tuple[SqlStore, SqlStore]) -> None:
    await stores[0].write(open_account, 10 * COST)
    held = await asyncio.gather(*(stores[number % 2].write(hold, number) for number in range(100)))
    assert sum(held) == 10
    balance = await stores[0].read(lambda work: work.ledger.balance(account_of().id))
    assert balance == Balance(granted=10 * COST, held=10 * COST)
    assert await column(stores[1], "SELECT count(*) FROM transfers WHERE kind = 'pending'") == [10]


async def test_whoever_has_the_line_takes_no_more_than_there_are_places(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    places = 3
    running = "SELECT count(*) FROM requests WHERE state = 'submitting'"

    def take(uow: UnitOfWork, request_id: int) -> None:
        uow.requests.lock_queue()
        assert isinstance(uow, SqlUnitOfWork)
        request = uow.requests.find(request_id)
        assert request is not None
        if uow.connection.execute(text(running)).scalar_one() < places:
            uow.requests.transition(request, Transition.CLAIM)

    await placed(stores[0], *range(1, 41))
    await asyncio.gather(*(stores[number % 2].write(take, number) for number in range(1, 41)))
    assert await column(stores[0], running) == [places]


async def test_of_two_processes_that_start_at_once_one_serves_the_shard(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    def heartbeat(uow: UnitOfWork, process: str) -> str:
        uow.processes.heartbeat(process, role="all", shards=(0, 1), shard_count=2, now=NOW, until=after(60))
        return process

    outcomes = await asyncio.gather(
        *(stores[number % 2].write(heartbeat, f"process-{number}") for number in range(20)),
        return_exceptions=True,
    )
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, str)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, ShardTakenError)]
    assert len(refusals) == 19
    assert {refusal.process for refusal in refusals} == {winner}


def mark_due(uow: UnitOfWork) -> None:
    uow.outbox.mark_due(1, MessageKind.STATUS, due_at=NOW)


async def test_one_process_hears_in_which_queues_another_has_written(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    heard: asyncio.Queue[WorkQueue] = asyncio.Queue()
    for queue in WorkQueue:
        stores[1].subscribe(queue, partial(heard.put_nowait, queue))
    await placed(stores[0], 1)
    await stores[0].write(mark_due)
    async with asyncio.timeout(20):
        assert await heard.get() is WorkQueue.OUTBOX
    assert heard.empty()


async def test_a_listener_that_was_cut_off_listens_again_and_catches_up(
    stores: tuple[SqlStore, SqlStore], any_postgres_url: str
) -> None:
    heard = asyncio.Event()
    stores[1].subscribe(WorkQueue.OUTBOX, heard.set)
    listening = (
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'inspire'"
        " AND datname = current_database() AND query LIKE '{}'"
    )
    execute(
        any_postgres_url, f"SELECT pg_terminate_backend(pid) FROM ({listening.format('%clock%')}) AS ears"
    )
    async with asyncio.timeout(20):
        await heard.wait()  # it says so, for what it may have missed
        heard.clear()
        await placed(stores[0], 1)
        await stores[0].write(mark_due)
        await heard.wait()


async def writer(url: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.unit.storage.endless_writer", url,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def killed_after(url: str, writes: int) -> list[int]:
    """Return the requests that a process reported as placed before it was killed."""
    process = await writer(url)
    assert process.stdout is not None
    placed = [int(await process.stdout.readline()) for _ in range(writes)]
    process.kill()
    rest = (await process.stdout.read()).split(b"\n")[:-1]
    await process.wait()
    return placed + [int(line) for line in rest]


async def test_processes_that_are_killed_lose_nothing_that_they_had_been_told(any_postgres_url: str) -> None:
    placed = [
        number
        for writes in (1, 100)
        for numbers in await asyncio.gather(
            killed_after(any_postgres_url, writes), killed_after(any_postgres_url, 2 * writes)
        )
        for number in numbers
    ]
    assert len(placed) >= 300
    backends = BACKENDS.format(any_postgres_url.rsplit("/", 1)[1])
    while execute(any_postgres_url, backends) != [0]:  # the server ends what it was in the middle of
        pass
    breaches, totals = await asyncio.to_thread(audit_database, any_postgres_url)
    assert breaches == []
    assert totals.requests[State.WAITING] >= len(placed)
    kept = execute(any_postgres_url, "SELECT id FROM requests")
    assert set(placed) <= set(kept)
