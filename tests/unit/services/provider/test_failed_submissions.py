from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.circuit_breaker import CircuitBreaker, ProviderOutage
from bot.domain.errors import (
    BackoffError,
    OutcomeUnknownError,
    ProviderError,
    RejectedError,
)
from bot.domain.requests import State
from bot.domain.scheduling import QueueSnapshot
from bot.services.requests.queue_snapshot import status_card_for
from bot.services.requests.transitions import get_request
from bot.services.unit_of_work import UnitOfWork
from tests.harness.services import ADA, BEN, GUILD, ServicesHarness, services_harness

FAILED = RejectedError(500, "failed")
LOST = OutcomeUnknownError("connection reset")
BLAMED = RejectedError(500, "upstream bizCode=451, msg=prompt_unsafe")


async def fail(harness: ServicesHarness, *errors: ProviderError) -> None:
    """Place requests of one member that end like this, one after the other."""
    for error in errors:
        harness.provider.submit_answers.append(error)
        await harness.store.write(forget_backoff, ADA)
        await harness.place()
        await harness.submit()


def forget_backoff(uow: UnitOfWork, user_id: int) -> None:
    record = uow.members.get_for_update(GUILD, user_id)
    uow.members.update(GUILD, user_id, replace(record, backoff_until=None))


async def test_a_provider_that_fails_two_members_is_given_a_rest_and_then_tried_with_one(
    harness: ServicesHarness,
) -> None:
    for user_id in (ADA, BEN, BEN):
        await harness.place(user_id)
    harness.provider.submit_answers += [FAILED, LOST]
    assert await harness.submit() == 2
    assert await harness.submit() == 0
    await harness.place()
    harness.clock.advance(10)
    assert await harness.submit() == 1
    assert await harness.submit() == 1


@pytest.mark.parametrize("error", [FAILED, LOST, BLAMED, RejectedError(400, "playlist not found")])
async def test_one_members_failures_shut_the_line_for_nobody_else(
    harness: ServicesHarness, error: ProviderError
) -> None:
    await fail(harness, error, error, error, error)
    bens = await harness.place(BEN)
    assert await harness.submit() == 1
    assert (await harness.request(bens.request_id)).state is State.MAKING


async def test_a_refusal_leaves_the_breaker_as_it_was(harness: ServicesHarness) -> None:
    busy = CircuitBreaker(1).record_failure(ProviderOutage.BUSY, now=harness.clock())
    await harness.store.write(lambda work: work.breakers.put(busy))
    harness.clock.advance(5)
    await fail(harness, BLAMED)
    assert await harness.store.read(lambda work: work.breakers.get()) == busy


async def test_a_member_who_is_alone_still_shuts_the_breaker_in_an_outage(harness: ServicesHarness) -> None:
    await fail(harness, *[LOST] * 5)
    assert (await harness.services.operator.status()).breaker.outage is ProviderOutage.OUTAGE


@pytest.mark.parametrize("error", [FAILED, LOST, BLAMED])
async def test_a_submission_that_came_to_nothing_is_a_turn(tmp_path: Path, error: ProviderError) -> None:
    async with services_harness(tmp_path, slots=1) as harness:
        first = await harness.place()
        await harness.place()
        bens = await harness.place(BEN)
        harness.provider.submit_answers.append(error)
        await harness.submit()
        assert (await harness.request(first.request_id)).state is not State.MAKING
        await harness.submit()
        assert (await harness.request(bens.request_id)).state is State.MAKING


async def test_the_second_request_that_came_to_nothing_makes_the_next_one_wait(
    harness: ServicesHarness,
) -> None:
    harness.provider.submit_answers += [FAILED, BLAMED]
    await harness.place(BEN)
    await harness.submit()
    failed = await harness.place(BEN)
    await harness.submit()
    until = harness.clock() + timedelta(seconds=30)
    with pytest.raises(BackoffError) as caught:
        await harness.place(BEN)
    assert caught.value.until == until
    statement = await harness.credits(BEN)
    assert (statement.backoff_end, statement.available) == (until, 90)
    said = await harness.store.read(
        lambda work: status_card_for(
            work, get_request(work, failed.request_id), QueueSnapshot(), harness.clock()
        )
    )
    assert said.backoff_end == until
    harness.clock.advance(30)
    await harness.place(BEN)
    assert (await harness.credits(BEN)).backoff_end is None


async def test_requests_that_wait_already_are_held_back_and_then_go_on(harness: ServicesHarness) -> None:
    for _ in range(3):
        await harness.place()
    harness.provider.submit_answers += [BLAMED, BLAMED]
    assert await harness.submit() == 2
    (held,) = await harness.requests.active_of(GUILD, ADA)
    until = harness.clock() + timedelta(seconds=30)
    assert (held.state, held.position, held.backoff_end) == (State.WAITING, None, until)
    assert await harness.submit() == 0
    assert await harness.submitter.next_due_at() == until
    bens = await harness.place(BEN)
    assert bens.position == 1
    assert await harness.submitter.next_due_at() == harness.clock()
    await harness.submit()
    harness.clock.advance(30)
    assert await harness.submit() == 1
    assert (await harness.request(held.request_id)).state is State.MAKING


async def test_a_held_back_request_of_a_paused_server_comes_due_with_the_server(
    harness: ServicesHarness,
) -> None:
    for _ in range(3):
        await harness.place()
    harness.provider.submit_answers += [BLAMED, BLAMED]
    await harness.submit()
    await harness.set_guild_settings(paused="a show")
    assert await harness.submitter.next_due_at() is None


async def test_a_finished_song_makes_up_for_what_came_to_nothing(harness: ServicesHarness) -> None:
    await fail(harness, BLAMED)
    await harness.place_and_finish()
    harness.provider.submit_answers.append(BLAMED)
    await harness.place()
    await harness.submit()
    assert await failures(harness) == 1


async def failures(harness: ServicesHarness, user_id: int = ADA) -> int:
    return (await harness.store.read(lambda work: work.members.find(GUILD, user_id))).failures


async def test_a_lost_reply_makes_the_next_request_wait_at_once(harness: ServicesHarness) -> None:
    harness.provider.submit_answers.append(LOST)
    await harness.place()
    await harness.submit()
    assert (await harness.credits()).backoff_end == harness.clock() + timedelta(seconds=120)


async def test_a_member_whose_songs_are_lost_all_at_once_waits_for_minutes(harness: ServicesHarness) -> None:
    harness.provider.submit_answers += [LOST] * 2
    for _ in range(2):
        await harness.place()
    assert await harness.submit() == 2
    assert (await harness.credits()).backoff_end == harness.clock() + timedelta(minutes=4)


async def test_a_day_makes_up_for_what_came_to_nothing(harness: ServicesHarness) -> None:
    for _ in range(2):
        harness.provider.submit_answers.append(BLAMED)
        await harness.place()
        await harness.submit()
        harness.clock.advance(86_400)
    assert (await harness.credits()).backoff_end is None
    assert await failures(harness) == 1


async def test_failures_that_members_share_make_nobody_wait(harness: ServicesHarness) -> None:
    harness.provider.submit_answers += [LOST] * 4
    for user_id in (ADA, BEN, ADA, BEN):
        await harness.place(user_id)
        harness.clock.advance(120)
        await harness.submit()
    assert [await failures(harness, who) for who in (ADA, BEN)] == [4, 0]


async def test_a_backoff_of_a_clock_that_was_ahead_holds_nobody(harness: ServicesHarness) -> None:
    def far_ahead(uow: UnitOfWork) -> None:
        record = uow.members.get_for_update(GUILD, ADA)
        ahead = harness.clock() + timedelta(days=1)
        uow.members.update(GUILD, ADA, replace(record, failures=9, backoff_until=ahead))

    await harness.store.write(far_ahead)
    assert (await harness.credits()).backoff_end is None
    await harness.place()
    assert await harness.submit() == 1
