import pytest

from bot.chat.delivery.status_message import queue_position
from bot.chat.text import confirmations
from bot.chat.text.errors import ALREADY_ENDED, ALREADY_FINISHED, NO_SUCH_REQUEST, NOT_YOURS
from bot.chat.text.formatting import are_back
from bot.chat.text.labels import REASON
from bot.chat.text.moderator_errors import NOTHING_CHANGED, REASON_HIDDEN
from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Stall
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import labels, seen
from tests.integration.engines import on_both

pytestmark = on_both

BACK = confirmations.cancelled(30)
TOO_LATE = "It's too late to cancel"


@pytest.fixture(autouse=True)
def busy(local: BotHarness) -> None:
    """Fill the provider's only slot with Ben's request, which never ends."""
    local.settings = local.settings.model_copy(update={"max_running": 1})
    local.provider.faults.add(Fault(Phase.TASK, Stall(), times=None, playlist_id=PLAYLISTS[1].id))


async def waiting(local: BotHarness) -> Message:
    """The status of Ada's request, which waits behind Ben's."""
    if not local.provider.tasks:
        await local.place("Ben", playlist=PLAYLISTS[1].id)
        await local.provider.wait_for(lambda _: bool(local.polls), timeout_s=LONG_S)
    status = await local.place()
    assert queue_position(1) in seen(status)
    return status


async def told(asked: Invocation) -> str:
    answer = await asked.answer(timeout_s=LONG_S)
    assert answer.ephemeral
    assert (asked.answers, asked.refused) == (1, [])
    return answer.content


async def press_cancel(local: BotHarness, status: Message) -> None:
    """Press Ada's button, and see that it goes and that nothing else is answered."""
    pressed = await local.ada.press(status, "Cancel")
    await pressed.acknowledged(timeout_s=LONG_S)
    assert (pressed.answers, pressed.refused, pressed.followups) == (1, [], [])
    assert labels(status) == []


async def is_cancelled(local: BotHarness, status: Message) -> None:
    await local.shows(status, "Cancelled", are_back(30))
    assert labels(status) == []
    statement = await local.credits()
    assert (statement["Available"], statement["On hold"]) == (90, 0)
    assert len(local.submissions) == 1


async def test_the_button_takes_a_waiting_request_back(local: BotHarness) -> None:
    async with local.bot():
        status = await waiting(local)
        await press_cancel(local, status)
        await is_cancelled(local, status)


async def test_autocomplete_offers_ones_own_requests_and_the_command_takes_them_back(
    local: BotHarness,
) -> None:
    async with local.bot():
        status = await waiting(local)
        (choice,) = await local.ada.autocomplete("songs", "cancel", request="wait", timeout_s=LONG_S)
        assert choice.name == f"waiting, position 1 · playlist {PLAYLISTS[0].id[:8]}… · v5.5"
        assert await told(await local.ada.slash("songs", "cancel", request=choice.value)) == BACK
        await is_cancelled(local, status)
        assert await local.ada.autocomplete("songs", "cancel", request="", timeout_s=LONG_S) == []


async def test_autocomplete_offers_nobody_elses_requests(local: BotHarness) -> None:
    async with local.bot():
        await waiting(local)
        (own,) = await local.discord.member("Ben").autocomplete("songs", "cancel", request="")
        assert own.name.startswith("being made")
        assert await local.discord.member("Mo").autocomplete("songs", "cancel", request="") == []


async def test_what_the_provider_has_cannot_be_called_back(local: BotHarness) -> None:
    async with local.bot(status_edit_min_s=60):
        status = await local.place("Ben", playlist=PLAYLISTS[1].id)
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 1)
        ben = local.discord.member("Ben")
        assert TOO_LATE in await told(await ben.press(status, "Cancel"))
        (choice,) = await ben.autocomplete("songs", "cancel", request="")
        assert TOO_LATE in await told(await ben.slash("songs", "cancel", request=choice.value))
        assert (await local.credits("Ben"))["On hold"] == 30


async def test_a_finished_song_cannot_be_called_back(local: BotHarness) -> None:
    async with local.bot(status_edit_min_s=60):
        status = await local.place()
        await local.result()
        assert ALREADY_FINISHED in await told(await local.ada.press(status, "Cancel"))
        assert (await local.credits())["Used"] == 30


async def test_only_the_requester_may_cancel(local: BotHarness) -> None:
    async with local.bot():
        status = await waiting(local)
        (choice,) = await local.ada.autocomplete("songs", "cancel", request="", timeout_s=LONG_S)
        ben, mo = local.discord.member("Ben"), local.discord.member("Mo")
        for asked in (
            await ben.press(status, "Cancel"),
            await ben.slash("songs", "cancel", request=choice.value),
            await mo.slash("songs", "cancel", request=choice.value),
        ):
            assert NOT_YOURS in await told(asked)
        assert (await local.credits())["On hold"] == 30


async def test_a_moderator_presses_the_button_and_gives_a_reason(local: BotHarness) -> None:
    async with local.bot():
        status = await waiting(local)
        mo = local.discord.member("Mo")
        pressed = await mo.press(status, "Cancel")
        await pressed.acknowledged(timeout_s=LONG_S)
        sent = await mo.submit_modal(pressed, {REASON: "not *tonight*"})
        assert await told(sent) == confirmations.cancelled_by_moderator(30)
        await local.shows(status, "Cancelled", are_back(30), "[Why?]")
        assert "not" not in seen(status)
        assert await told(await local.ada.press(status, "Why?")) == "Reason: not \\*tonight\\*"
        assert await told(await mo.press(status, "Why?")) == "Reason: not \\*tonight\\*"
        refused = await told(await local.discord.member("Ben").press(status, "Why?"))
        assert refused == f"{REASON_HIDDEN}{NOTHING_CHANGED}"
        log = await (await mo.slash("songs", "quota log")).answer(timeout_s=LONG_S)
        assert "cancelled a request of" in seen(log)


async def test_a_second_press_changes_nothing(local: BotHarness) -> None:
    async with local.bot(status_edit_min_s=60):
        status = await waiting(local)
        (choice,) = await local.ada.autocomplete("songs", "cancel", request="wait", timeout_s=LONG_S)
        assert await told(await local.ada.slash("songs", "cancel", request=choice.value)) == BACK
        assert ALREADY_ENDED in await told(await local.ada.press(status, "Cancel"))
        assert (await local.credits())["Available"] == 90


NO_REQUESTS = ("nonsense", "0", "-1", "²", "1" * 18, "1" * 20, str(2**63), "9" * 100, "waiting, position 1")


async def test_text_that_names_no_request_is_answered_so(local: BotHarness) -> None:
    async with local.bot():
        for text in NO_REQUESTS:
            asked = await local.ada.slash("songs", "cancel", request=text)
            assert NO_SUCH_REQUEST in await told(asked), text


async def test_the_button_works_after_a_restart(local: BotHarness) -> None:
    async with local.bot():
        status = await waiting(local)
    async with local.bot():
        await press_cancel(local, status)
        await is_cancelled(local, status)


async def test_a_cancelled_request_makes_room_for_another(local: BotHarness) -> None:
    async with local.bot():
        status = await waiting(local)
        await press_cancel(local, status)
        assert queue_position(1) in seen(await local.place())
