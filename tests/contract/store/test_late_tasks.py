"""The contract of every store for late tasks: each is attached once."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.caps import NO_CAPS
from bot.domain.errors import ConflictError, TooLateError
from bot.domain.polling import PollLimits
from bot.domain.requests import Failure, FailureKind, Request, State
from bot.domain.transitions import Transition
from bot.services.provider.acceptance import attach, keep
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.harness.databases import ledger_breaches
from tests.unit.storage.databases import column
from tests.unit.storage.factories import COST, GUILD, NOW, USER, after, lease, new_request, place

STATUS_ID = 2
LOST = Failure(FailureKind.UNCERTAIN, "the worker stopped")


def given_up(uow: UnitOfWork, request_id: int = 1, status_id: int = STATUS_ID) -> None:
    """Place a request whose submission is uncertain; its credits are released."""
    request = place(uow, request_id)
    uow.requests.set_address(request_id, replace(request.address, message_id=status_id))
    taken = apply_transition(uow, request, Transition.CLAIM, now=NOW, lease=lease(), next_at=NOW)
    apply_transition(uow, taken, Transition.MARK_UNCERTAIN, now=after(1), failure=LOST)


async def attached(store: SqlStore, task_id: str, request_id: int = 1) -> Request | None:
    """Attach a task to its request, as the submitter does after a conflict."""
    while True:
        try:
            return await store.write(attach, request_id, task_id, PollLimits(), NO_CAPS, after(2))
        except ConflictError:
            continue


async def held(store: SqlStore) -> int:
    return await store.read(lambda work: work.ledger.held_by(GUILD, USER))


class TestLateTasks:
    @pytest.mark.parametrize("tasks", [("t1", "t1"), ("t1", "t2"), ("t1",) * 8], ids=str)
    async def test_of_those_who_attach_at_once_one_does(
        self, store: SqlStore, tasks: tuple[str, ...]
    ) -> None:
        await store.write(given_up)
        found = await asyncio.gather(*(attached(store, task_id) for task_id in tasks))
        (going,) = [request for request in found if request is not None]
        assert (going.id, going.state) == (STATUS_ID, State.MAKING)
        first = await store.read(lambda work: work.requests.find(1))
        assert first is not None
        assert (first.state, first.task_id) == (State.UNCERTAIN, going.task_id)
        assert await store.read(lambda work: work.requests.find(STATUS_ID)) == going
        assert await held(store) == COST
        assert await ledger_breaches(store) == []

    async def test_who_attaches_and_who_gives_up_at_once_leave_one_song(self, store: SqlStore) -> None:
        def taken(uow: UnitOfWork) -> Request:
            request = place(uow, 1)
            uow.requests.set_address(1, replace(request.address, message_id=STATUS_ID))
            return apply_transition(uow, request, Transition.CLAIM, now=NOW, lease=lease(), next_at=NOW)

        def give_up(uow: UnitOfWork) -> None:
            apply_transition(uow, request, Transition.MARK_UNCERTAIN, now=after(1), failure=LOST)

        request = await store.write(taken)
        found, doubted = await asyncio.gather(
            attached(store, "t1"), store.write(give_up), return_exceptions=True
        )
        assert isinstance(found, Request)
        assert doubted is None or isinstance(doubted, ConflictError)
        assert (found.id, found.state) == (1 if doubted else STATUS_ID, State.MAKING)
        assert await held(store) == COST
        assert await ledger_breaches(store) == []

    async def test_who_attaches_while_the_member_orders_again_leaves_one_song_a_hold(
        self, store: SqlStore
    ) -> None:
        await store.write(given_up)
        found, again = await asyncio.gather(
            attached(store, "t1"), store.write(place, 9), return_exceptions=True
        )
        assert isinstance(again, Request)
        assert isinstance(found, Request | TooLateError)
        assert await held(store) == (2 * COST if isinstance(found, Request) else COST)
        assert await ledger_breaches(store) == []

    async def test_a_task_is_kept_once(self, store: SqlStore) -> None:
        await store.write(given_up)
        tasks = [store.write(keep, 1, f"t{n}", after(2)) for n in range(4)]
        assert all(
            result is None or isinstance(result, ConflictError)
            for result in await asyncio.gather(*tasks, return_exceptions=True)
        )
        assert await column(store, "SELECT count(*) FROM events WHERE transition = 'attach'") == [1]
        assert await held(store) == 0

    async def test_songs_that_went_on_late_are_no_orders(self, store: SqlStore) -> None:
        def ordered(uow: UnitOfWork) -> bool:
            return uow.requests.has_ordered(GUILD, USER, since=after(1))

        await store.write(given_up)
        await store.write(given_up, 3, 4)
        assert await attached(store, "t1") is not None
        assert not await store.read(ordered)
        assert await attached(store, "t3", 3) is not None
        assert await held(store) == 2 * COST
        await store.write(lambda work: work.requests.add(new_request(5, user=USER + 1, placed_s=9)))
        await store.write(lambda work: work.requests.add(new_request(6, guild=GUILD + 1, placed_s=9)))
        await store.write(lambda work: work.requests.add(new_request(7, placed_s=1)))
        assert not await store.read(ordered)
        await store.write(lambda work: work.requests.add(new_request(8, placed_s=1.1)))
        assert await store.read(ordered)
