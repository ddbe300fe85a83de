"""Two copies of the bot with one token and two databases: both receive each command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import Application
from bot.chat.delivery.status_message import TITLES
from bot.domain.errors import StoreError
from bot.domain.requests import State
from sandbox.discord.faults import Fault, FaultKind
from tests.harness.bot import LONG_S, PLENTY, BotHarness

READY = TITLES[State.DELIVERED]
COPY_RUNS = "OPERATOR: another copy of the bot"
CALLBACK = "POST /interactions/*"


@asynccontextmanager
async def both(local: BotHarness, folder: Path) -> AsyncIterator[tuple[Application, Application]]:
    """Two running copies, each with a file of its own."""
    url = f"sqlite:///{folder / 'other.db'}"
    other = replace(local, settings=local.settings.model_copy(update={"database_url": SecretStr(url)}))
    async with local.bot(default_allowance=PLENTY) as one, other.bot(default_allowance=PLENTY) as two:
        yield one, two


async def test_a_song_is_submitted_and_paid_once(
    local: BotHarness, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with both(local, tmp_path):
        for count in range(1, 4):
            asked = await local.order()
            await local.shows(await asked.answer(timeout_s=LONG_S), READY)
            assert asked.refused == [40060]
            assert len(local.submissions) == len(local.results()) == count
            assert not asked.followups
    assert caplog.text.count(COPY_RUNS) == 3


async def test_a_copy_whose_database_was_away_withdraws_its_request_once_it_is_back(
    local: BotHarness, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faults = local.faulty_store()
    faults.fail("requests.cancel_duplicate", error=StoreError("the disk is full"))
    local.hurry({"work.status_interval_s": 5.0})
    async with both(local, tmp_path):
        asked = await local.order()
        await local.discord.wait_for(lambda: "the disk is full" in caplog.text, timeout_s=LONG_S)
        faults.units.clear()
        await local.shows(await asked.answer(timeout_s=LONG_S), READY)
        await withdrawn(local, caplog, 1)
    assert len(local.submissions) == 1


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.STATUS_AFTER])
async def test_an_answer_that_was_cut_off_is_ones_own(
    local: BotHarness, caplog: pytest.LogCaptureFixture, kind: FaultKind
) -> None:
    async with local.bot():
        local.discord.faults.add(Fault(kind=kind, on=CALLBACK))
        asked = await local.order()
        await local.shows(await asked.answer(timeout_s=LONG_S), READY)
        assert asked.refused == [40060]
    assert COPY_RUNS not in caplog.text
    assert len(local.submissions) == 1


LOOK = "GET /webhooks/*"
FAULTS = {
    "Discord is slow to say that it has the answers": Fault(
        kind=FaultKind.HANG, on=CALLBACK, times=2, after_s=3.0
    ),
    "both answers are cut off": Fault(kind=FaultKind.RESET_AFTER, on=CALLBACK, times=2),
    "one answer is cut off": Fault(kind=FaultKind.RESET_AFTER, on=CALLBACK),
    "both are answered by the proxy": Fault(kind=FaultKind.STATUS_AFTER, on=CALLBACK, times=2),
}


@pytest.fixture
def soon(local: BotHarness) -> None:
    """Shorten the time until the answer is looked up."""
    local.hurry({"work.answered_within_s": 1.0})


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("deferred", [False, True])
async def test_a_song_is_submitted_once_though_nobody_hears_who_answered(
    local: BotHarness,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    subtests: pytest.Subtests,
    deferred: bool,
) -> None:
    if deferred:
        local.hurry({"chat.defer_s": 0.0})
    async with both(local, tmp_path):
        for count, (name, fault) in enumerate(FAULTS.items(), 1):
            with subtests.test(name):
                local.discord.faults.add(fault)
                asked = await local.order()
                await local.shows(await asked.answer(timeout_s=LONG_S), READY)
                await withdrawn(local, caplog, count)
                assert len(local.submissions) == len(local.results()) == count
                assert not asked.followups


@pytest.mark.usefixtures("soon")
async def test_a_song_is_submitted_once_though_nobody_can_look_at_first(
    local: BotHarness, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with both(local, tmp_path):
        local.discord.faults.add(Fault(kind=FaultKind.RESET_AFTER, on=CALLBACK, times=2))
        local.discord.faults.add(Fault(kind=FaultKind.STATUS, on=LOOK, times=8))
        asked = await local.order()
        await local.shows(await asked.answer(timeout_s=LONG_S), READY)
        await withdrawn(local, caplog, 1)
        assert len(local.submissions) == len(local.results()) == 1


async def withdrawn(local: BotHarness, caplog: pytest.LogCaptureFixture, count: int) -> None:
    """Wait until the copies have logged so often that another copy answered."""
    await local.discord.wait_for(lambda: caplog.text.count(COPY_RUNS) >= count, timeout_s=LONG_S)
