import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import (
    ActiveLimitError,
    ConflictError,
    CooldownError,
    CreditsError,
    InspireError,
    LinkKind,
    NotYoursError,
    PlaylistError,
    RequestNotFoundError,
    StoreError,
    TooLateError,
)
from bot.domain.quotas import Period, Policy
from bot.domain.requests import State
from bot.domain.song_options import PlaylistName, SongOptions
from bot.services.audit_log import ATTEMPTS
from bot.services.cards import Hint, StatusCard
from bot.services.requests.placement import SHORT_QUEUE
from bot.services.unit_of_work import UnitOfWork
from tests.harness.clock import START
from tests.harness.services import ADA, BEN, GUILD, PLAYLIST, ServicesHarness, services_harness
from tests.unit.storage.factories import COST, place

POLICY = Policy(allowance=300, period=Period.WEEK, max_active=100, cooldown_s=0)


async def test_a_placed_request_waits_and_holds_its_credits(harness: ServicesHarness) -> None:
    card = await harness.place()
    assert (card.state, card.position, card.cost, card.user_id) == (State.WAITING, 1, 30, ADA)
    assert card.expected_at == START + timedelta(seconds=101)
    statement = await harness.credits()
    assert (statement.available, statement.held, statement.used) == (60, 30, 0)
    assert harness.wakeups >= 1  # placing and recording the answer may share one, as they follow at once


async def test_the_same_interaction_places_one_request(harness: ServicesHarness) -> None:
    asked = harness.context()
    first = await harness.requests.place(SongOptions(playlist=PLAYLIST), asked)
    again = await harness.requests.place(SongOptions(playlist=PLAYLIST), asked)
    assert first.request_id == again.request_id
    assert (await harness.credits()).held == 30


async def test_a_wrong_order_holds_nothing(harness: ServicesHarness) -> None:
    unsaved = PlaylistName("lofi", LinkKind.FREE_TEXT)
    with pytest.raises(PlaylistError):
        await harness.requests.place(SongOptions(playlist=unsaved), harness.context())
    assert (await harness.credits()).held == 0
    assert harness.wakeups == 0


async def test_without_credits_it_is_refused_with_the_facts(tmp_path: Path) -> None:
    async with services_harness(tmp_path, policy=replace(POLICY, allowance=50)) as harness:
        await harness.place()
        with pytest.raises(CreditsError) as caught:
            await harness.place()
        error = caught.value
        assert (error.available, error.needed) == (20, 30)
        assert error.resets_at == START.replace(day=23, hour=0)
        assert (await harness.credits()).held == 30
        await harness.place(BEN)
        assert not await harness.breaches()


@pytest.mark.parametrize("allowance", [0, 29])
async def test_an_allowance_that_pays_for_no_song_has_no_time_to_wait_for(
    tmp_path: Path, allowance: int
) -> None:
    async with services_harness(tmp_path, policy=replace(POLICY, allowance=allowance)) as harness:
        with pytest.raises(CreditsError) as caught:
            await harness.place()
        assert (caught.value.available, caught.value.resets_at) == (allowance, None)


async def test_the_limit_of_requests_at_a_time_is_the_members_own(tmp_path: Path) -> None:
    async with services_harness(tmp_path, policy=replace(POLICY, max_active=1)) as harness:
        first = await harness.place()
        with pytest.raises(ActiveLimitError) as caught:
            await harness.place()
        assert caught.value.limit == 1
        await harness.place(BEN)
        await harness.requests.cancel(first.request_id, guild_id=GUILD, user_id=ADA)
        await harness.place()


async def test_the_cool_down_is_kept(tmp_path: Path) -> None:
    async with services_harness(tmp_path, policy=replace(POLICY, cooldown_s=60)) as harness:
        await harness.place()
        harness.clock.advance(59)
        with pytest.raises(CooldownError) as caught:
            await harness.place()
        assert caught.value.until == START + timedelta(seconds=60)
        harness.clock.advance(1)
        await harness.place()


async def test_of_a_hundred_requests_at_once_ten_fit(tmp_path: Path) -> None:
    async with services_harness(tmp_path, policy=POLICY) as harness:

        async def attempt() -> StatusCard | InspireError:
            try:
                return await harness.requests.place(SongOptions(playlist=PLAYLIST), harness.context())
            except CreditsError as error:
                return error

        outcomes = await asyncio.gather(*(attempt() for _ in range(100)))
        assert sum(isinstance(outcome, StatusCard) for outcome in outcomes) == 10
        statement = await harness.credits()
        assert (statement.available, statement.held) == (0, 300)
        assert not await harness.breaches()


async def test_a_new_week_brings_a_new_allowance_and_old_holds_stay_with_the_old_one(
    harness: ServicesHarness,
) -> None:
    card = await harness.place()
    harness.clock.advance(7 * 86_400)
    statement = await harness.credits()
    assert (statement.available, statement.held, statement.used) == (90, 30, 0)
    await harness.requests.cancel(card.request_id, guild_id=GUILD, user_id=ADA)
    assert (await harness.credits()).available == 90


async def test_cancelling_gives_the_credits_back(harness: ServicesHarness) -> None:
    card = await harness.place()
    cancelled = await harness.requests.cancel(card.request_id, guild_id=GUILD, user_id=ADA)
    assert cancelled.cost == 30
    assert (await harness.credits()).available == 90
    assert (await harness.request(card.request_id)).state is State.CANCELLED


@pytest.mark.parametrize("times", [1, ATTEMPTS])
async def test_a_cancellation_that_meets_a_move_looks_again(harness: ServicesHarness, times: int) -> None:
    card = await harness.place()
    harness.faults.fail(error=ConflictError("moved"), times=times)
    cancelling = harness.requests.cancel(card.request_id, guild_id=GUILD, user_id=ADA)
    if times < ATTEMPTS:
        assert (await cancelling).cost == 30
        assert (await harness.request(card.request_id)).state is State.CANCELLED
    else:
        with pytest.raises(ConflictError):
            await cancelling


async def test_only_ones_own_request_here_can_be_cancelled(harness: ServicesHarness) -> None:
    card = await harness.place()
    with pytest.raises(NotYoursError):
        await harness.requests.cancel(card.request_id, guild_id=GUILD, user_id=BEN)
    with pytest.raises(RequestNotFoundError):
        await harness.requests.cancel(card.request_id, guild_id=GUILD + 1, user_id=ADA)
    with pytest.raises(RequestNotFoundError):
        await harness.requests.cancel(1, guild_id=GUILD, user_id=ADA)
    assert (await harness.credits()).held == 30


@pytest.mark.parametrize("number", [2**63, 10**20 - 1])
async def test_a_number_that_no_request_can_have_is_no_request(harness: ServicesHarness, number: int) -> None:
    with pytest.raises(RequestNotFoundError):
        await harness.requests.cancel(number, guild_id=GUILD, user_id=ADA)


async def test_what_the_provider_has_cannot_be_cancelled(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_submit()
    with pytest.raises(TooLateError) as caught:
        await harness.requests.cancel(request_id, guild_id=GUILD, user_id=ADA)
    assert caught.value.state == State.MAKING
    assert (await harness.credits()).held == 30


async def test_cancelling_twice_gives_back_once(harness: ServicesHarness) -> None:
    card = await harness.place()
    await harness.requests.cancel(card.request_id, guild_id=GUILD, user_id=ADA)
    with pytest.raises(TooLateError):
        await harness.requests.cancel(card.request_id, guild_id=GUILD, user_id=ADA)
    assert (await harness.credits()).available == 90


async def test_a_members_requests_under_way_are_listed_oldest_first(harness: ServicesHarness) -> None:
    first, second = await harness.place(), await harness.place()
    await harness.place(BEN)
    await harness.submit()
    third = await harness.place()
    cards = await harness.requests.active_of(GUILD, ADA)
    assert [card.request_id for card in cards] == [first.request_id, second.request_id, third.request_id]
    assert [card.state for card in cards] == [State.MAKING, State.WAITING, State.WAITING]
    assert [card.position for card in cards] == [None, 1, 2]


@pytest.mark.parametrize(
    ("order", "hint"),
    [
        (SongOptions(playlist=PLAYLIST, persona_id=PLAYLIST), Hint.PERSONA_WITHOUT_CLIP),
        (SongOptions(playlist=PLAYLIST, artist_clip_id=PLAYLIST), Hint.CLIP_WITHOUT_PERSONA),
        (SongOptions(playlist=PLAYLIST, artist_clip_id=PLAYLIST, persona_id=PLAYLIST), None),
    ],
)
async def test_a_persona_or_clip_alone_is_accepted_with_a_hint(
    harness: ServicesHarness, order: SongOptions, hint: Hint | None
) -> None:
    assert (await harness.place(order=order)).hints == ((hint,) if hint else ())


async def test_where_the_bot_may_not_post_the_member_is_told_so(harness: ServicesHarness) -> None:
    card = await harness.requests.place(
        SongOptions(playlist=PLAYLIST), replace(harness.context(), may_post=False)
    )
    assert card.hints == (Hint.MAY_NOT_POST,)
    request = await harness.request(card.request_id)
    assert not request.address.may_post


async def test_the_message_of_an_unknown_request_is_not_remembered(harness: ServicesHarness) -> None:
    await harness.requests.record_answer(1, 2)
    assert await harness.store.read(lambda work: work.requests.find(1)) is None


async def test_in_a_long_line_the_answer_does_not_wait_for_the_place(harness: ServicesHarness) -> None:
    def wait(uow: UnitOfWork) -> None:
        for request_id in range(1, SHORT_QUEUE):
            place(uow, request_id, allowance=SHORT_QUEUE * COST)

    await harness.store.write(wait)
    assert (await harness.place()).position is not None
    assert (await harness.place(BEN)).position is None
    assert (await harness.requests.active_of(GUILD, BEN))[0].position is not None


async def test_a_message_that_cannot_be_remembered_is_no_failure_for_the_member(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    card = await harness.place()
    harness.faults.fail(error=StoreError("full"))
    await harness.requests.record_answer(card.request_id, 1)
    assert "a status message could not be recorded: full" in caplog.text


async def test_no_secret_is_in_what_a_log_may_show(harness: ServicesHarness) -> None:
    asked = harness.context()
    await harness.requests.place(SongOptions(playlist=PLAYLIST), asked)
    request = await harness.request(asked.interaction_id)
    assert asked.token not in repr(asked) + repr(request)
