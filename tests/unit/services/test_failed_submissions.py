from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import (
    BackoffError,
    OutcomeUnknownError,
    ProviderError,
    RejectedError,
)
from bot.domain.requests import State
from bot.services.provider.circuit_breaker import CircuitBreaker, ProviderOutage
from bot.services.requests.queue import QueueSnapshot
from bot.services.requests.status import status_card_for
from bot.services.requests.transitions import get_request
from bot.services.unit_of_work import UnitOfWork
from tests.harness.services import ADA, BEN, GUILD, ServicesHarness, harness

FAILED = RejectedError(500, "failed")
LOST = OutcomeUnknownError("connection reset")
BLAMED = RejectedError(500, "upstream bizCode=451, msg=prompt_unsafe")


async def fail(home: ServicesHarness, *errors: ProviderError) -> None:
    """Requests of one member came to these ends one after the other, without a pause."""
    for error in errors:
        home.provider.submit_answers.append(error)
        await home.store.write(forget_backoff, ADA)
        await home.place()
        await home.submit()


def forget_backoff(uow: UnitOfWork, user_id: int) -> None:
    standing = uow.members.get_for_update(GUILD, user_id)
    uow.members.update(GUILD, user_id, replace(standing, backoff_until=None))


async def test_a_provider_that_fails_two_members_is_given_a_rest_and_then_tried_with_one(
    home: ServicesHarness,
) -> None:
    for user_id in (ADA, BEN, BEN):
        await home.place(user_id)
    home.provider.submit_answers += [FAILED, LOST]
    assert await home.submit() == 2
    assert await home.submit() == 0
    await home.place()
    home.clock.advance(10)
    assert await home.submit() == 1
    assert await home.submit() == 1


@pytest.mark.parametrize("error", [FAILED, LOST, BLAMED, RejectedError(400, "playlist not found")])
async def test_one_members_failures_shut_the_line_for_nobody_else(
    home: ServicesHarness, error: ProviderError
) -> None:
    await fail(home, error, error, error, error)
    bens = await home.place(BEN)
    assert await home.submit() == 1
    assert (await home.request(bens.request_id)).state is State.MAKING


async def test_a_refusal_leaves_the_breaker_as_it_was(home: ServicesHarness) -> None:
    busy = CircuitBreaker(1).record_failure(ProviderOutage.BUSY, now=home.clock())
    await home.store.write(lambda work: work.breakers.put(busy))
    home.clock.advance(5)
    await fail(home, BLAMED)
    assert await home.store.read(lambda work: work.breakers.get()) == busy


async def test_a_member_who_is_alone_still_shuts_the_breaker_in_an_outage(home: ServicesHarness) -> None:
    await fail(home, *[LOST] * 5)
    assert (await home.services.operator.status()).breaker.outage is ProviderOutage.OUTAGE


@pytest.mark.parametrize("error", [FAILED, LOST, BLAMED])
async def test_a_submission_that_came_to_nothing_is_a_turn(tmp_path: Path, error: ProviderError) -> None:
    async with harness(tmp_path, slots=1) as home:
        first = await home.place()
        await home.place()
        bens = await home.place(BEN)
        home.provider.submit_answers.append(error)
        await home.submit()
        assert (await home.request(first.request_id)).state is not State.MAKING
        await home.submit()
        assert (await home.request(bens.request_id)).state is State.MAKING


async def test_the_second_request_that_came_to_nothing_makes_the_next_one_wait(home: ServicesHarness) -> None:
    home.provider.submit_answers += [FAILED, BLAMED]
    await home.place(BEN)
    await home.submit()
    failed = await home.place(BEN)
    await home.submit()
    until = home.clock() + timedelta(seconds=30)
    with pytest.raises(BackoffError) as caught:
        await home.place(BEN)
    assert caught.value.until == until
    statement = await home.credits(BEN)
    assert (statement.backoff_end, statement.available) == (until, 90)
    said = await home.store.read(
        lambda work: status_card_for(
            work, get_request(work, failed.request_id), QueueSnapshot(), home.clock()
        )
    )
    assert said.backoff_end == until
    home.clock.advance(30)
    await home.place(BEN)
    assert (await home.credits(BEN)).backoff_end is None


async def test_requests_that_wait_already_are_held_back_and_then_go_on(home: ServicesHarness) -> None:
    for _ in range(3):
        await home.place()
    home.provider.submit_answers += [BLAMED, BLAMED]
    assert await home.submit() == 2
    (held,) = await home.songs.active_of(GUILD, ADA)
    until = home.clock() + timedelta(seconds=30)
    assert (held.state, held.position, held.backoff_end) == (State.WAITING, None, until)
    assert await home.submit() == 0
    assert await home.submitter.next_due_at() == until
    bens = await home.place(BEN)
    assert bens.position == 1
    assert await home.submitter.next_due_at() == home.clock()
    await home.submit()
    home.clock.advance(30)
    assert await home.submit() == 1
    assert (await home.request(held.request_id)).state is State.MAKING


async def test_a_held_back_request_of_a_paused_server_comes_due_with_the_server(
    home: ServicesHarness,
) -> None:
    for _ in range(3):
        await home.place()
    home.provider.submit_answers += [BLAMED, BLAMED]
    await home.submit()
    await home.settle(paused="a show")
    assert await home.submitter.next_due_at() is None


async def test_a_finished_song_makes_up_for_what_came_to_nothing(home: ServicesHarness) -> None:
    await fail(home, BLAMED)
    await home.ready()
    home.provider.submit_answers.append(BLAMED)
    await home.place()
    await home.submit()
    assert await failures(home) == 1


async def failures(home: ServicesHarness, user_id: int = ADA) -> int:
    return (await home.store.read(lambda work: work.members.find(GUILD, user_id))).failures


async def test_a_lost_reply_makes_the_next_request_wait_at_once(home: ServicesHarness) -> None:
    home.provider.submit_answers.append(LOST)
    await home.place()
    await home.submit()
    assert (await home.credits()).backoff_end == home.clock() + timedelta(seconds=120)


async def test_a_member_whose_songs_are_lost_all_at_once_waits_for_minutes(home: ServicesHarness) -> None:
    home.provider.submit_answers += [LOST] * 2
    for _ in range(2):
        await home.place()
    assert await home.submit() == 2
    assert (await home.credits()).backoff_end == home.clock() + timedelta(minutes=4)


async def test_a_day_makes_up_for_what_came_to_nothing(home: ServicesHarness) -> None:
    for _ in range(2):
        home.provider.submit_answers.append(BLAMED)
        await home.place()
        await home.submit()
        home.clock.advance(86_400)
    assert (await home.credits()).backoff_end is None
    assert await failures(home) == 1


async def test_failures_that_members_share_make_nobody_wait(home: ServicesHarness) -> None:
    home.provider.submit_answers += [LOST] * 4
    for user_id in (ADA, BEN, ADA, BEN):
        await home.place(user_id)
        home.clock.advance(120)
        await home.submit()
    assert [await failures(home, who) for who in (ADA, BEN)] == [4, 0]


async def test_a_backoff_of_a_clock_that_was_ahead_holds_nobody(home: ServicesHarness) -> None:
    def far_ahead(uow: UnitOfWork) -> None:
        standing = uow.members.get_for_update(GUILD, ADA)
        ahead = home.clock() + timedelta(days=1)
        uow.members.update(GUILD, ADA, replace(standing, failures=9, backoff_until=ahead))

    await home.store.write(far_ahead)
    assert (await home.credits()).backoff_end is None
    await home.place()
    assert await home.submit() == 1
