"""Two copies of the bot with one token and two databases: both hear of each command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import App
from sandbox.discord.faults import Fault, FaultKind
from tests.e2e.stage import LONG_S, PLENTY, Stage

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
