"""Two copies of the bot with one token and two databases: both hear of each command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import App
from bot.domain.errors import StoreError
from sandbox.discord.faults import Fault, FaultKind
from tests.e2e.stage import LONG_S, PLENTY, Stage
from tests.e2e.troubled_store import troubled

READY = "Your song is ready"
COPY_RUNS = "OPERATOR: another copy of the bot"
CALLBACK = "POST /interactions/*"


@asynccontextmanager
async def both(local: Stage, folder: Path) -> AsyncIterator[tuple[App, App]]:
    """Two running copies, each with a file of its own."""
    url = f"sqlite:///{folder / 'other.db'}"
    other = replace(local, settings=local.settings.model_copy(update={"database_url": SecretStr(url)}))
    async with local.bot(default_allowance=PLENTY) as one, other.bot(default_allowance=PLENTY) as two:
        yield one, two


async def test_a_song_is_submitted_and_paid_once(
    local: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with both(local, tmp_path):
        for count in range(1, 4):
            asked = await local.order()
            await local.shows(await asked.answer(timeout_s=LONG_S), READY)
            assert asked.refused == [40060]
            assert len(local.submissions) == len(local.results()) == count
            assert not asked.followups
    assert caplog.text.count(COPY_RUNS) == 3


async def test_a_copy_whose_database_is_away_over_it_withdraws_its_request_when_it_is_back(
    local: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trouble = troubled(monkeypatch)
    trouble.fail("withdraw", error=StoreError("the disk is full"))
    async with both(local, tmp_path):
        asked = await local.order()
        await local.shows(await asked.answer(timeout_s=LONG_S), READY)
        await local.discord.wait_for(lambda: "is not kept yet: the disk is full" in caplog.text)
        trouble.units.clear()
        await local.discord.wait_for(lambda: "withdrawn before its submission" in caplog.text)
    assert len(local.submissions) == 1
    assert "left one piece undone" not in caplog.text


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.STATUS_AFTER])
async def test_an_answer_that_was_cut_off_is_ones_own(
    local: Stage, caplog: pytest.LogCaptureFixture, kind: FaultKind
) -> None:
    async with local.bot():
        local.discord.faults.add(Fault(kind=kind, on=CALLBACK))
        asked = await local.order()
        await local.shows(await asked.answer(timeout_s=LONG_S), READY)
        assert asked.refused == [40060]
    assert COPY_RUNS not in caplog.text
    assert len(local.submissions) == 1
