import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.errors import BUG, DATABASE_DOWN
from bot.domain.errors import StoreError
from bot.domain.requests import State
from sandbox.discord import Fault, FaultKind
from sandbox.discord.model.interaction import CallbackKind
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.faulty_store import StoreFaults
from tests.harness.message_readers import SONG_LINK, seen
from tests.integration.engines import on_both

pytestmark = on_both

READY = TITLES[State.DELIVERED]


@pytest.fixture
def faults(local: BotHarness) -> StoreFaults:
    local.hurry({"chat.defer_s": 0.1})
    return local.faulty_store()


async def test_a_slow_database_defers_publicly_and_the_deferral_becomes_the_status(
    local: BotHarness, faults: StoreFaults
) -> None:
    faults.hang("placement.place")
    async with local.bot():
        asked = await local.order()
        assert await asked.acknowledged(timeout_s=LONG_S) is CallbackKind.DEFERRED_MESSAGE
        assert asked.original is not None
        assert asked.original.loading
        assert not asked.original.ephemeral
        faults.released.set()
        status = await asked.answer(timeout_s=LONG_S)
        assert status is asked.original
        await local.shows(status, READY, SONG_LINK)
    assert (asked.answers, asked.refused, asked.followups) == (1, [], [])
    assert len(local.results()) == 1


async def test_a_refusal_after_the_deferral_is_the_members_alone(
    local: BotHarness, faults: StoreFaults
) -> None:
    faults.hang("placement.place")
    async with local.bot(default_allowance=0):
        asked = await local.order()
        await asked.acknowledged(timeout_s=LONG_S)
        assert asked.original is not None
        faults.released.set()
        refusal = await asked.answer(timeout_s=LONG_S)
        assert refusal.ephemeral
        assert "you have 0." in refusal.content
        assert asked.original.deleted
        assert asked.followups == [refusal]
        assert local.discord.member("Ben").sees("songs") == []
        assert local.submissions == []


async def test_a_bug_after_the_deferral_is_the_members_alone(
    local: BotHarness, faults: StoreFaults, caplog: pytest.LogCaptureFixture
) -> None:
    faults.hang("placement.place")
    async with local.bot():
        asked = await local.order()
        await asked.acknowledged(timeout_s=LONG_S)
        faults.fail("placement.place", error=RuntimeError("broken"))
        answer = await asked.answer(timeout_s=LONG_S)
        assert answer.ephemeral
        assert BUG in answer.content
        assert local.discord.member("Ben").sees("songs") == []


async def test_slow_credits_are_deferred_for_the_member_alone(local: BotHarness, faults: StoreFaults) -> None:
    faults.hang("_overview")
    async with local.bot():
        asked = await local.ada.slash("songs", "credits")
        await asked.acknowledged(timeout_s=LONG_S)
        assert asked.deferred
        assert asked.ephemeral
        faults.released.set()
        assert "Available" in seen(await asked.answer(timeout_s=LONG_S))


async def test_a_request_whose_deferral_was_lost_is_made_all_the_same(
    local: BotHarness, faults: StoreFaults
) -> None:
    faults.hang("placement.place")
    local.discord.faults.add(Fault(kind=FaultKind.RESET_AFTER, on="POST /interactions/*"))
    async with local.bot():
        asked = await local.order()
        await asked.acknowledged(timeout_s=LONG_S)
        faults.released.set()
        result = await local.result()
        assert result.now.mentions == (local.ada.id,)
        status = await asked.answer(timeout_s=LONG_S)
        await local.shows(status, READY)
    assert len(local.submissions) == 1


async def test_a_database_that_fails_is_said_so_and_nothing_is_held(
    local: BotHarness, faults: StoreFaults, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot():
        faults.fail("placement.place", error=StoreError("no room left"))
        asked = await local.order()
        answer = await asked.answer(timeout_s=LONG_S)
        assert answer.ephemeral
        assert DATABASE_DOWN in answer.content
        assert (await local.credits())["On hold"] == 0
        faults.units.clear()
        await local.shows(await local.place(), READY)
    (record,) = [r for r in caplog.records if getattr(r, "reference", "none") in answer.content]
    assert (record.levelname, str(record.exc_info and record.exc_info[1])) == ("ERROR", "no room left")


@pytest.mark.parametrize(
    "unit",
    [
        "submitter.record_result",
        "poller.finish",
        "poller.reschedule",
        "delivery.record_outcome",
        "outbox.mark_status_sent",
    ],
)
async def test_a_database_that_hangs_under_the_workers_costs_nothing(
    local: BotHarness, faults: StoreFaults, unit: str
) -> None:
    faults.hang(unit)
    if unit == "poller.reschedule":
        local.song_takes(5.0)  # not finished when it is first asked about
    async with local.bot():
        status = await local.place()
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 1)
        assert (await local.credits())["Available"] == 60
        await local.discord.wait_for(lambda: unit in faults.reached, timeout_s=LONG_S)
        faults.released.set()
        await local.shows(status, READY)
        assert (await local.credits())["Used"] == 30
    assert len(local.results()) == len(local.submissions) == 1
