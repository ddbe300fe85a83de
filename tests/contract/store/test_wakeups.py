"""The contract of every store for wake-ups."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.transitions import Transition
from bot.services.repositories.outbox import MessageKind
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.unit.storage.factories import NOW, WATCH, add, after, lease, new_request, placed


class CountingCallback:
    def __init__(self) -> None:
        self.calls = 0
        self._called = asyncio.Event()

    def __call__(self) -> None:
        self.calls += 1
        self._called.set()

    async def called(self) -> None:
        """It was called since the last wait."""
        async with asyncio.timeout(20):
            await self._called.wait()
        self._called.clear()


@pytest.fixture
def callback(store: SqlStore) -> CountingCallback:
    counting = CountingCallback()
    store.subscribe(counting)
    return counting


def _take(uow: UnitOfWork) -> None:
    request = uow.requests.find(1)
    assert request is not None
    uow.requests.transition(request, Transition.CLAIM)


def _open(uow: UnitOfWork) -> None:
    uow.outbox.create(1, MessageKind.STATUS, fingerprint="x", not_before=NOW, next_at=NOW)


def _place_and_touch(uow: UnitOfWork) -> None:
    add(uow, 1, 2, 3)
    _touch(uow)


def _touch(uow: UnitOfWork) -> None:
    uow.outbox.mark_due(1, MessageKind.STATUS, due_at=NOW)


def _answered(uow: UnitOfWork) -> None:
    uow.requests.set_address(1, replace(new_request().address, message_id=7))


@pytest.mark.parametrize("unit", [_take, _open, _touch, _answered])
async def test_a_move_a_notice_and_an_answer_ring(
    store: SqlStore, callback: CountingCallback, unit: Callable[[UnitOfWork], None]
) -> None:
    await placed(store, 1)
    await callback.called()
    await store.write(unit)
    await callback.called()
    assert callback.calls == 2


async def test_all_that_one_unit_does_rings_once_and_at_each_bell(
    store: SqlStore, callback: CountingCallback
) -> None:
    other = CountingCallback()
    store.subscribe(other)
    await store.write(_place_and_touch)
    await callback.called()
    await other.called()
    await placed(store, 4)
    await callback.called()
    assert callback.calls == 2


async def test_what_makes_nothing_due_does_not_ring(store: SqlStore, callback: CountingCallback) -> None:
    await placed(store, 1)
    await callback.called()

    def fail(uow: UnitOfWork) -> None:
        add(uow, 9)
        raise LookupError

    await store.write(lambda work: work.key_values.put("key", "value"))
    await store.write(lambda work: work.requests.claim_due(now=NOW, lease=lease(), limit=5))
    await store.read(lambda work: work.requests.find(1))
    with pytest.raises(LookupError):
        await store.write(fail)
    await placed(store, 2)
    await callback.called()
    assert callback.calls == 2


async def test_what_a_question_taught_does_not_ring(store: SqlStore, callback: CountingCallback) -> None:
    (request,) = await placed(store, 1)
    await callback.called()
    await store.write(lambda work: work.requests.save_progress(request, progress=WATCH, next_at=after(5)))
    await placed(store, 2)
    await callback.called()
    assert callback.calls == 2


async def test_a_store_that_is_given_a_clock_tells_its_time(store: SqlStore) -> None:
    assert store.clock() == NOW
