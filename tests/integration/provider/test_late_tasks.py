"""Database outages just after the provider accepted a task, longer than the lease of a submission."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.formatting import are_back
from bot.domain.errors import StoreError
from bot.domain.requests import State
from sandbox.discord import Fault, FaultKind
from sandbox.discord.model.message import Message
from tests.harness.bot import LONG_S, PLENTY, BotHarness
from tests.harness.faulty_store import StoreFaults
from tests.harness.message_readers import SONG_LINK, seen
from tests.integration.engines import on_both

pytestmark = on_both

READY = TITLES[State.DELIVERED]
BACK = are_back(30)
LEASE_S = 0.3


@pytest.fixture
def faults(local: BotHarness) -> StoreFaults:
    local.hurry(
        {
            "work.leases.submission_s": LEASE_S,
            "work.retries.outcome.first_s": 0.02,
            "work.retries.outcome.max_s": 0.05,
            "work.poll_interval_s": 0.1,
        }
    )
    return local.faulty_store()


async def used_and_held(local: BotHarness, who: str = "Ada") -> tuple[int, int]:
    """The member's credits, by `/credits`."""
    shown = await local.credits(who)
    return shown["Used"], shown["On hold"]


class Outage:
    """A database outage during one song."""

    def __init__(self, local: BotHarness, faults: StoreFaults) -> None:
        self.local = local
        self.faults = faults
        self.status: Message

    def away(self, *units: str) -> None:
        self.faults.reached.clear()
        self.faults.fail(*units, error=StoreError("away"))

    def news_lost(self, unit: str) -> None:
        self.faults.reached.clear()
        self.faults.lose(unit, error=StoreError("nobody knows whether it was kept"))

    async def reached(self, unit: str) -> None:
        """Wait until this unit of work has met the outage."""
        await self.local.discord.wait_for(lambda: unit in self.faults.reached, timeout_s=LONG_S)

    async def is_given_up(self) -> None:
        """Wait until the status says that the outcome is unknown."""
        await self.local.shows(self.status, TITLES[State.UNCERTAIN], BACK)


async def all_is_away(outage: Outage) -> None:
    await outage.reached("submitter.record_result")
    outage.faults.everything = True
    await asyncio.sleep(3 * LEASE_S)


async def given_up_first(outage: Outage) -> None:
    await outage.is_given_up()


async def away_at_the_refund(outage: Outage) -> None:
    outage.away("poller.fail")
    await outage.reached("poller.fail")


async def outcome_before_the_refund(outage: Outage) -> None:
    outage.away("poller.fail")
    await outage.reached("poller.fail")
    outage.faults.units.discard("submitter.record_result")
    await outage.local.shows(outage.status, READY)


async def away_again_at_the_attaching(outage: Outage) -> None:
    await outage.is_given_up()
    outage.away("late_tasks.attach")
    outage.faults.units.discard("submitter.record_result")
    await outage.reached("late_tasks.attach")


async def news_of_the_attaching_lost(outage: Outage) -> None:
    await outage.is_given_up()
    outage.faults.end()
    outage.news_lost("late_tasks.attach")
    await outage.reached("late_tasks.attach")


async def news_of_the_outcome_lost(outage: Outage) -> None:
    outage.faults.end()
    outage.news_lost("submitter.record_result")
    await outage.reached("submitter.record_result")


async def news_of_the_refund_lost(outage: Outage) -> None:
    await outage.reached("submitter.record_result")
    outage.news_lost("poller.fail")
    await outage.reached("poller.fail")


CASES: dict[str, Callable[[Outage], Awaitable[None]]] = {
    case.__name__: case
    for case in (
        all_is_away,
        given_up_first,
        away_at_the_refund,
        outcome_before_the_refund,
        away_again_at_the_attaching,
        news_of_the_attaching_lost,
        news_of_the_outcome_lost,
        news_of_the_refund_lost,
    )
}


async def test_a_task_taken_while_the_database_went_away_is_delivered_and_paid_once(
    local: BotHarness, faults: StoreFaults, subtests: pytest.Subtests
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for count, (name, case) in enumerate(CASES.items(), 1):
            with subtests.test(name):
                local.discord.add.member(local.discord.guild, user=local.discord.add.user(name))
                outage = Outage(local, faults)
                outage.away("submitter.record_result")
                outage.status = await local.place(name)
                await case(outage)
                faults.end()
                await local.shows(outage.status, READY, SONG_LINK)
                assert await used_and_held(local, name) == (30, 0)
                assert len(local.results()) == len(local.submissions) == count


async def test_what_was_not_told_of_a_song_that_was_given_up_is_not_told_after_its_end(
    local: BotHarness, faults: StoreFaults
) -> None:
    local.hurry({"work.retries.message.first_s": 0.5})
    refused = Fault(kind=FaultKind.UNKNOWN_MESSAGE, on="PATCH /webhooks/*")
    async with local.bot():
        local.discord.faults.add(refused)
        outage = Outage(local, faults)
        outage.away("submitter.record_result")
        outage.status = await local.place()
        await local.discord.wait_for(lambda: local.discord.faults.struck, timeout_s=LONG_S)
        faults.end()
        await local.shows(outage.status, READY, SONG_LINK)
        await asyncio.sleep(1.0)
        assert READY in seen(outage.status)


async def test_a_song_goes_on_though_the_database_was_away_when_its_message_was_sent(
    local: BotHarness, faults: StoreFaults
) -> None:
    local.hurry({"work.retries.message.first_s": 0.5})
    async with local.bot():
        local.discord.faults.add(Fault(kind=FaultKind.UNKNOWN_MESSAGE, on="PATCH /webhooks/*"))
        outage = Outage(local, faults)
        outage.away("submitter.record_result", "requests.set_status_message")
        outage.status = await local.place()
        await local.discord.wait_for(lambda: local.discord.faults.struck, timeout_s=LONG_S)
        faults.end()
        await local.shows(outage.status, READY, SONG_LINK)
        assert await used_and_held(local) == (30, 0)
        assert len(local.results()) == len(local.submissions) == 1


async def test_a_bot_that_stops_while_the_database_is_away_gives_up_what_it_cannot_keep(
    local: BotHarness, faults: StoreFaults, caplog: pytest.LogCaptureFixture
) -> None:
    local.hurry({"drain_s": 0.3})
    async with local.bot():
        outage = Outage(local, faults)
        outage.away("submitter.record_result")
        outage.status = await local.place()
        await outage.reached("submitter.record_result")
        faults.everything = True
    faults.end()
    assert f"task {local.provider.tasks[0].id} is not stored yet" in caplog.text
    async with local.bot():
        await outage.is_given_up()
        await local.placed_result()
        assert await used_and_held(local) == (30, 0)
    assert len(local.submissions) == 2


async def test_who_has_ordered_again_gets_the_song_of_the_second_order_only(
    local: BotHarness, faults: StoreFaults, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot():
        outage = Outage(local, faults)
        outage.away("submitter.record_result")
        outage.status = await local.place()
        await outage.is_given_up()
        again = await local.place()
        faults.end()
        await local.shows(again, READY)
        await local.discord.wait_for(lambda: "OPERATOR: task" in caplog.text, timeout_s=LONG_S)
        await outage.is_given_up()
        assert await used_and_held(local) == (30, 0)
        assert len(local.results()) == 1


@pytest.mark.usefixtures("subtests")  # for its roomy limits: many edits follow each other
async def test_all_songs_of_a_member_that_were_given_up_together_go_on(
    local: BotHarness, faults: StoreFaults
) -> None:
    async with local.bot(default_allowance=PLENTY, max_active_per_member=3):
        outages = [Outage(local, faults) for _ in range(3)]
        outages[0].away("submitter.record_result")
        for outage in outages:
            outage.status = await local.place()
        for outage in outages:
            await outage.is_given_up()
        faults.end()
        for outage in outages:
            await local.shows(outage.status, READY, SONG_LINK)
        assert await used_and_held(local) == (90, 0)
        assert len(local.results()) == len(local.submissions) == 3
