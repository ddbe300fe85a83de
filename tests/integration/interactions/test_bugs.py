import re

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.domain.requests import State
from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Stall
from sandbox.discord.interactions.invocations import Invocation
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.faulty_store import StoreFaults
from tests.integration.engines import on_both

pytestmark = [on_both, pytest.mark.usefixtures("unhurried")]

READY = TITLES[State.DELIVERED]


class OddError(RuntimeError):
    """An unexpected error."""


@pytest.fixture
def faults(local: BotHarness) -> StoreFaults:
    return local.faulty_store()


async def reference(asked: Invocation) -> str:
    """Return the reference in the one answer, which is ephemeral."""
    answer = await asked.answer(timeout_s=LONG_S)
    assert answer.ephemeral
    assert (asked.answers, asked.refused, asked.followups) == (1, [], [])
    found = re.search(r"reference `([0-9A-F]{6})`", answer.content)
    assert found is not None, answer.content
    return found[1]


@pytest.mark.parametrize(("unit", "command"), [("placement.place", "inspire"), ("_overview", "credits")])
async def test_a_bug_in_a_command_is_answered_with_the_reference_that_the_log_has(
    local: BotHarness, faults: StoreFaults, unit: str, command: str, caplog: pytest.LogCaptureFixture
) -> None:
    options = {"playlist": PLAYLISTS[0].id} if command == "inspire" else {}
    async with local.bot():
        faults.fail(unit, error=OddError("a secret detail"))
        asked = await local.ada.slash("songs", command, past_picker=False, **options)
        number = await reference(asked)
    (record,) = [r for r in caplog.records if number in r.getMessage()]
    assert record.exc_info is not None
    assert record.exc_info[0] is OddError
    assert asked.shown is not None
    assert "secret" not in asked.shown.content


async def test_a_bug_in_a_button_is_answered_with_the_reference_that_the_log_has(
    local: BotHarness, faults: StoreFaults, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot(status_edit_min_s=60):
        local.provider.faults.add(Fault(Phase.TASK, Stall()))
        status = await local.place()
        faults.fail("requests.cancel", error=OddError())
        number = await reference(await local.ada.press(status, "Cancel"))
    assert f"Unexpected error, reference {number}" in caplog.text


async def test_a_bug_in_an_autocomplete_offers_nothing_and_is_logged(
    local: BotHarness, faults: StoreFaults, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot():
        faults.fail("_active_of", error=OddError())
        assert await local.ada.autocomplete("songs", "cancel", request="", timeout_s=LONG_S) == []
    assert "An autocomplete failed" in caplog.text


@pytest.mark.parametrize("unit", ["_view", "outbox.mark_status_sent"])
async def test_a_bug_while_telling_one_status_leaves_the_others_alone(
    local: BotHarness, faults: StoreFaults, unit: str, caplog: pytest.LogCaptureFixture
) -> None:
    faults.fail(unit, error=OddError())
    async with local.bot():
        await local.place()
        await local.discord.wait_for(lambda: "one item failed" in caplog.text, timeout_s=LONG_S)
        faults.units.clear()
        await local.shows(await local.place("Ben"), READY)
