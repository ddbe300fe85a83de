"""The contract of every store for wake-ups."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from bot.domain.circuit_breaker import CircuitBreaker
from bot.domain.guild_settings import GuildSettings
from bot.domain.requests import Request, State
from bot.domain.transitions import Transition
from bot.services.ports import WorkQueue
from bot.services.repositories.outbox import MessageKind
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.unit.storage.factories import (
    GUILD,
    NOW,
    PROGRESS,
    add,
    after,
    brought_to,
    lease,
    new_request,
    placed,
)

SUBMISSIONS, POLLS, OUTBOX = WorkQueue.SUBMISSIONS, WorkQueue.POLLS, WorkQueue.OUTBOX


class Subscribers:
    """One subscriber of each queue."""

    def __init__(self, store: SqlStore) -> None:
        self._woken: list[WorkQueue] = []
        self._changed = asyncio.Event()
        for queue in WorkQueue:
            store.subscribe(queue, partial(self._wake, queue))

    def _wake(self, queue: WorkQueue) -> None:
        self._woken.append(queue)
        self._changed.set()

    async def woken(self) -> list[WorkQueue]:
        """Wait for a wake-up; return the queues that were woken since the last call."""
        async with asyncio.timeout(20):
            await self._changed.wait()
        self._changed.clear()
        woken, self._woken = self._woken, []
        return woken


@pytest.fixture
def subscribers(store: SqlStore) -> Subscribers:
    return Subscribers(store)


def _request(uow: UnitOfWork) -> Request:
    request = uow.requests.find(1)
    assert request is not None
    return request


def _claim(uow: UnitOfWork) -> None:
    uow.requests.transition(_request(uow), Transition.CLAIM)


def _accept(uow: UnitOfWork) -> None:
    uow.requests.transition(_request(uow), Transition.ACCEPT)


def _finish(uow: UnitOfWork) -> None:
    uow.requests.transition(_request(uow), Transition.FINISH)


def _requeue(uow: UnitOfWork) -> None:
    uow.requests.transition(_request(uow), Transition.REQUEUE)


def _learn_answer(uow: UnitOfWork) -> None:
    uow.requests.set_address(1, replace(new_request().address, message_id=7))


def _place_without_token(uow: UnitOfWork) -> None:
    uow.requests.add(replace(new_request(2), address=replace(new_request().address, token=None)))


def _change_settings(uow: UnitOfWork) -> None:
    uow.guilds.get_for_update(GUILD)
    uow.guilds.update(GUILD, GuildSettings())


def _close_breaker(uow: UnitOfWork) -> None:
    uow.breakers.put(CircuitBreaker(3))


def _mark_due(uow: UnitOfWork) -> None:
    uow.outbox.mark_due(1, MessageKind.STATUS, due_at=NOW)


def _mark_queue_due(uow: UnitOfWork) -> None:
    uow.outbox.mark_queue_due(None, due_at=NOW)


@pytest.mark.parametrize(
    ("state", "unit", "queue"),
    [
        (State.WAITING, _learn_answer, SUBMISSIONS),
        (State.WAITING, _place_without_token, SUBMISSIONS),
        (State.WAITING, _change_settings, SUBMISSIONS),
        (State.WAITING, _close_breaker, SUBMISSIONS),
        (State.SUBMITTING, _requeue, SUBMISSIONS),
        (State.SUBMITTING, _accept, POLLS),
        (State.MAKING, _finish, SUBMISSIONS),
        (State.WAITING, _mark_due, OUTBOX),
        (State.WAITING, _mark_queue_due, OUTBOX),
    ],
)
async def test_a_change_wakes_the_workers_of_its_queue_alone(
    store: SqlStore, state: State, unit: Callable[[UnitOfWork], None], queue: WorkQueue
) -> None:
    await placed(store, 1)
    await store.write(lambda work: brought_to(work, _request(work), state))
    subscribers = Subscribers(store)
    await store.write(unit)
    assert await subscribers.woken() == [queue]


async def test_all_that_one_unit_does_wakes_each_subscriber_once(
    store: SqlStore, subscribers: Subscribers
) -> None:
    other = Subscribers(store)
    await placed(store, 1)

    def change_much(uow: UnitOfWork) -> None:
        _mark_due(uow)
        _learn_answer(uow)
        _mark_due(uow)

    await store.write(change_much)
    assert sorted(await subscribers.woken()) == [OUTBOX, SUBMISSIONS]
    assert sorted(await other.woken()) == [OUTBOX, SUBMISSIONS]


async def test_what_makes_nothing_due_now_wakes_nobody(store: SqlStore, subscribers: Subscribers) -> None:
    def fail(uow: UnitOfWork) -> None:
        add(uow, 9)
        _mark_due(uow)
        raise LookupError

    await placed(store, 1)  # it may be submitted once it is known who has answered
    await store.write(
        lambda work: work.outbox.create(
            1, MessageKind.STATUS, fingerprint="x", not_before=NOW, next_at=after(20)
        )
    )
    await store.write(_claim)
    await store.write(lambda work: work.key_values.put("key", "value"))
    await store.write(lambda work: work.requests.claim_due(now=NOW, lease=lease(), limit=5))
    await store.read(lambda work: work.requests.find(1))
    with pytest.raises(LookupError):
        await store.write(fail)
    await store.write(_accept)
    assert await subscribers.woken() == [POLLS]


async def test_the_progress_of_a_task_wakes_nobody(store: SqlStore, subscribers: Subscribers) -> None:
    (request,) = await placed(store, 1)
    await store.write(lambda work: work.requests.save_progress(request, progress=PROGRESS, next_at=after(5)))
    await store.write(_mark_due)
    assert await subscribers.woken() == [OUTBOX]


async def test_a_store_that_is_given_a_clock_tells_its_time(store: SqlStore) -> None:
    assert store.clock() == NOW
