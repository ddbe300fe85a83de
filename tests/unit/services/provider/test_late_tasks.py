import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import ParamSpec, TypeVar

import pytest

from bot.domain.caps import NO_CAPS
from bot.domain.errors import (
    StoreError,
)
from bot.domain.requests import Request, State
from bot.services.provider.acceptance import attach, keep
from bot.services.requests.transitions import get_request
from bot.services.unit_of_work import UnitOfWork
from tests.harness.services import ADA, FIRST_ID, GUILD, PACE, ServicesHarness
from tests.timings import RECORDING_AT_ONCE

P = ParamSpec("P")
T = TypeVar("T")


async def test_a_paid_tasks_id_is_written_down_as_soon_as_the_database_is_back(
    harness: ServicesHarness,
) -> None:
    harness.submitter = harness.submitter_with(RECORDING_AT_ONCE)
    card = await harness.place()
    (claimed,) = await harness.submitter.claim(1)
    harness.faults.fail(error=StoreError("full"), times=2)
    await harness.submitter.handle(claimed)
    assert (await harness.request(card.request_id)).task_id == "task-1"


async def test_the_outcome_is_kept_however_long_the_database_is_away(
    harness: ServicesHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await harness.place()
    (claimed,) = await harness.submitter.claim(1)
    harness.faults.fail(error=StoreError("full"), times=20)
    pauses: list[float] = []

    async def hours(seconds: float) -> None:
        pauses.append(seconds)
        harness.clock.advance(3600)

    monkeypatch.setattr(asyncio, "sleep", hours)
    await harness.submitter.handle(claimed)
    monkeypatch.undo()
    assert harness.faults.times == 0
    assert pauses[:5] == [0.5, 1, 2, 4, 5]
    assert pauses[-1] == 5
    request = await harness.request(card.request_id)
    assert (request.state, request.task_id) == (State.MAKING, "task-1")


async def given_up(harness: ServicesHarness, user_id: int = ADA) -> Request:
    """Place a request that was submitted by a worker whose lease ran out."""
    await harness.place(user_id)
    (claimed,) = await harness.submitter.claim(1)
    harness.clock.advance(100)
    await harness.poll()
    assert (await harness.request(claimed.id)).state is State.UNCERTAIN
    assert (await harness.credits(user_id)).available == 90
    return claimed


async def test_a_task_whose_request_was_given_up_goes_on_and_is_paid_once(harness: ServicesHarness) -> None:
    claimed = await given_up(harness)
    await harness.submitter.handle(claimed)
    before = await harness.request(claimed.id)
    assert (before.state, before.task_id) == (State.UNCERTAIN, "task-1")
    (card,) = await harness.requests.active_of(GUILD, ADA)
    assert (card.state, card.request_id) == (State.MAKING, before.address.message_id)
    assert (await harness.credits()).held == 30
    harness.provider.finish("task-1")
    harness.clock.advance(31)
    await harness.poll()
    for seconds in (1, 5, 30):
        harness.clock.advance(seconds)
        await harness.dispatch()
    assert (await harness.request(card.request_id)).state is State.DELIVERED
    assert [post.card.request_id for post in harness.messenger.results] == [card.request_id]
    assert ((await harness.credits()).used, (await harness.credits()).available) == (30, 60)
    assert await harness.breaches() == []


async def test_a_task_is_attached_once(harness: ServicesHarness) -> None:
    claimed = await given_up(harness)
    await harness.submitter.handle(claimed)
    assert await harness.store.write(attach, claimed.id, "task-1", PACE, NO_CAPS, harness.clock()) is None
    assert len(await harness.requests.active_of(GUILD, ADA)) == 1


async def test_the_end_that_was_not_told_is_not_told_once_the_song_goes_on(harness: ServicesHarness) -> None:
    claimed = await given_up(harness)
    await harness.submitter.handle(claimed)
    harness.clock.advance(1)
    await harness.dispatch()
    assert [edit.card.state for edit in harness.messenger.edits] == [State.MAKING]


async def test_all_songs_of_one_member_that_were_given_up_go_on(harness: ServicesHarness) -> None:
    for _ in range(2):
        await harness.place()
        harness.clock.advance(1)
    claimed = await harness.submitter.claim(2)
    harness.clock.advance(100)
    await harness.poll()
    for request in claimed:
        harness.clock.advance(1)
        await harness.submitter.handle(request)
    cards = await harness.requests.active_of(GUILD, ADA)
    assert [card.state for card in cards] == [State.MAKING] * 2


@pytest.mark.parametrize("seconds", [-86_400, 86_400], ids=["back", "on"])
async def test_a_task_finds_its_request_though_the_clock_was_set(
    harness: ServicesHarness, seconds: float
) -> None:
    await harness.place()
    (claimed,) = await harness.submitter.claim(1)
    harness.clock.advance(100)
    await harness.poll()
    harness.clock.advance(seconds)
    await harness.submitter.handle(claimed)
    (card,) = await harness.requests.active_of(GUILD, ADA)
    assert card.state is State.MAKING
    assert await harness.breaches() == []


async def test_a_task_finds_its_request_though_that_ended_before_it_was_placed(
    harness: ServicesHarness,
) -> None:
    await harness.place()
    (claimed,) = await harness.submitter.claim(1)
    harness.clock.advance(-86_400)
    await harness.store.write(lambda work: work.cleanup.reset_future_times(now=harness.clock(), limit=99))
    harness.clock.advance(1000)
    await harness.poll()
    assert (await harness.request(claimed.id)).state is State.UNCERTAIN
    await harness.submitter.handle(claimed)
    (card,) = await harness.requests.active_of(GUILD, ADA)
    assert card.state is State.MAKING


async def order_again(harness: ServicesHarness) -> None:
    harness.clock.advance(1)
    await harness.place()


async def block(harness: ServicesHarness) -> None:
    def unit(uow: UnitOfWork) -> None:
        record = uow.members.get_for_update(GUILD, ADA)
        uow.members.update(GUILD, ADA, replace(record, blocked="spam"))

    await harness.store.write(unit)


def without_message(uow: UnitOfWork) -> None:
    request = get_request(uow, FIRST_ID + 1)
    uow.requests.set_address(request.id, replace(request.address, message_id=None))


async def forget_message(harness: ServicesHarness) -> None:
    await harness.store.write(without_message)
    harness.clock.advance(900)  # its token is dead: nobody will find the message any more


async def test_a_task_waits_until_the_message_of_its_request_is_known(
    harness: ServicesHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = await given_up(harness)
    await harness.store.write(without_message)

    async def tell(_: float) -> None:
        await harness.dispatch()

    monkeypatch.setattr(asyncio, "sleep", tell)
    await harness.submitter.handle(claimed)
    (card,) = await harness.requests.active_of(GUILD, ADA)
    assert (card.state, card.request_id) == (State.MAKING, harness.messenger.status_id)


@pytest.mark.parametrize("meanwhile", [order_again, block, forget_message])
async def test_a_task_that_nobody_can_have_any_more_is_kept_and_told_to_the_operator(
    harness: ServicesHarness,
    meanwhile: Callable[[ServicesHarness], Awaitable[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    claimed = await given_up(harness)
    await meanwhile(harness)
    before = await harness.credits()
    await harness.submitter.handle(claimed)
    kept = await harness.request(claimed.id)
    assert (kept.state, kept.task_id) == (State.UNCERTAIN, "task-1")
    assert "OPERATOR: task task-1 was accepted, but its request was given up" in caplog.text
    assert await harness.credits() == before
    await harness.store.write(keep, claimed.id, "task-2", harness.clock())
    assert (await harness.request(claimed.id)).task_id == "task-1"
    assert await harness.breaches() == []
