from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.circuit_breaker import CircuitBreaker, ProviderOutage
from bot.domain.quotas import Period, Policy
from bot.domain.requests import State
from bot.domain.song_options import SongOptions
from bot.services.requests.queue_snapshot import MAX_ESTIMATED
from bot.services.unit_of_work import UnitOfWork
from tests.harness.clock import START
from tests.harness.services import ADA, BEN, GUILD, PLAYLIST, ServicesHarness, services_harness
from tests.unit.storage.factories import add, brought_to

MO = 10**17 + 9
ELSEWHERE = GUILD + 50
POLICY = Policy(allowance=30_000, period=Period.WEEK, max_active=1000, cooldown_s=0)


async def test_expectations_follow_the_places_and_what_runs_in_them(tmp_path: Path) -> None:
    async with services_harness(tmp_path, slots=2, policy=POLICY) as harness:
        await harness.place()
        await harness.submit()
        harness.clock.advance(61)
        await harness.place(BEN)
        await harness.submit()
        for user_id in (1, 2, 3):
            await harness.place(user_id)
        view = await harness.services.queue.view(GUILD, 1)
        after = [card.expected_at - START for card in view.waiting.cards if card.expected_at]
        # the running ones end after 101 and 162 s, and each waiting one takes 101 s from such an end
        assert after == [timedelta(seconds=seconds) for seconds in (202, 263, 303)]
        harness.clock.advance(200)
        view = await harness.services.queue.view(GUILD, 1)
        late = [card.expected_at - harness.clock() for card in view.waiting.cards if card.expected_at]
        assert late == [timedelta(seconds=seconds) for seconds in (101, 101, 202)]


async def test_the_usual_times_are_those_of_each_requests_model(harness: ServicesHarness) -> None:
    def learn(uow: UnitOfWork) -> None:
        durations = uow.durations.get("v40")
        for _ in range(1000):
            durations = durations.with_song(30)
        uow.durations.put("v40", durations)

    await harness.store.write(learn)
    quick = [await harness.place(user_id, SongOptions(playlist=PLAYLIST, model="v40")) for user_id in (1, 2)]
    slow = await harness.place(3)
    quick_s = [(card.expected_at - START).total_seconds() for card in quick if card.expected_at]
    assert quick_s == [pytest.approx(30, abs=1)] * 2
    assert slow.expected_at
    assert (slow.expected_at - START).total_seconds() == pytest.approx(131, abs=1)


async def test_a_provider_that_takes_fewer_makes_the_line_slower(harness: ServicesHarness) -> None:
    await harness.store.write(lambda work: work.breakers.put(CircuitBreaker(1)))
    first, second = await harness.place(), await harness.place(BEN)
    assert (first.expected_at, second.expected_at) == (
        START + timedelta(seconds=101),
        START + timedelta(seconds=202),
    )


async def test_more_running_than_there_are_places_make_room_for_nobody_at_first(tmp_path: Path) -> None:
    async with services_harness(tmp_path, slots=3, policy=POLICY) as harness:
        for _ in range(3):
            await harness.place()
            await harness.submit()
            harness.clock.advance(10)
        await harness.store.write(lambda work: work.breakers.put(CircuitBreaker(1)))
        card = await harness.place()
        assert card.expected_at == START + timedelta(seconds=20 + 101 + 101)


async def test_of_very_many_running_the_ends_count_as_even(tmp_path: Path) -> None:
    running = MAX_ESTIMATED + 1

    def run(uow: UnitOfWork) -> None:
        for request in add(uow, *range(1, running + 1)):
            brought_to(uow, request, State.SUBMITTING)

    async with services_harness(tmp_path, slots=running, policy=POLICY) as harness:
        await harness.store.write(run)
        cards = [await harness.place(user_id) for user_id in (3, 4, 5)]
        expected = [(card.expected_at - START).total_seconds() for card in cards if card.expected_at]
        assert expected == [pytest.approx(101 + n * 101 / running, abs=0.01) for n in (1, 2, 3)]


async def test_nothing_is_expected_while_the_provider_is_out_of_reach(harness: ServicesHarness) -> None:
    await harness.store.write(
        lambda work: work.breakers.put(CircuitBreaker(2).record_failure(ProviderOutage.OUTAGE, now=START))
    )
    card = await harness.place()
    assert (card.position, card.outage, card.expected_at) == (1, ProviderOutage.OUTAGE, None)
    assert (await harness.services.queue.view(GUILD, ADA)).outage is ProviderOutage.OUTAGE
