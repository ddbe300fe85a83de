from functools import partial

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.confirmations import song_removed
from bot.chat.text.errors import DATABASE_DOWN
from bot.chat.text.labels import AGAIN, MENU, REASON, REMOVE, WHY, love, priced
from bot.chat.text.moderator_errors import FORM_EXPIRED, SONG_REMOVED
from bot.chat.text.songs import LIST_TITLE
from bot.domain.errors import StoreError
from bot.domain.requests import State
from sandbox.discord import Fault, FaultKind
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.interaction import CallbackKind
from sandbox.discord.model.message import Message
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.faulty_store import StoreFaults
from tests.harness.message_readers import labels, seen
from tests.integration.engines import on_both
from tests.integration.interactions.test_response_deadline import form_waits
from tests.integration.moderation.test_settings import approval_on, asked_for_approval

pytestmark = on_both


@pytest.fixture
def faults(local: BotHarness) -> StoreFaults:
    local.hurry({"chat.defer_s": 0.1})
    return local.faulty_store()


async def deferred(asked: Invocation, kind: CallbackKind, faults: StoreFaults) -> None:
    """Wait until the interaction is deferred, then end the fault."""
    assert await asked.acknowledged(timeout_s=LONG_S) is kind
    faults.released.set()


async def test_presses_and_commands_wait_for_a_slow_database(local: BotHarness, faults: StoreFaults) -> None:
    faults.hang("library.press_heart", "library.remove", "_song", "_spec_to_repeat", "_page")
    async with local.bot():
        result = await local.placed_result()
        vote = await local.discord.member("Ben").press(result, love(1, 0))
        await deferred(vote, CallbackKind.DEFERRED_UPDATE, faults)
        await local.shows(result, love(1, 1))
        faults.released.clear()
        again = await local.discord.member("Ben").press(result, priced(AGAIN, 30))
        await deferred(again, CallbackKind.DEFERRED_MESSAGE, faults)
        await local.shows(await again.answer(timeout_s=LONG_S), TITLES[State.DELIVERED])
        faults.released.clear()
        listing = await local.ada.slash("songs", "songs list")
        await deferred(listing, CallbackKind.DEFERRED_MESSAGE, faults)
        message = await listing.answer(timeout_s=LONG_S)
        assert message.ephemeral
        assert LIST_TITLE in seen(message)
        (choice, _) = await local.ada.autocomplete("songs", "songs show", song="", timeout_s=LONG_S)
        faults.released.clear()
        showing = await local.ada.slash("songs", "songs show", song=choice.value)
        await deferred(showing, CallbackKind.DEFERRED_MESSAGE, faults)
        copy = await showing.answer(timeout_s=LONG_S)
        assert labels(copy)[-3:] == labels(result)[-3:]
        assert (copy.ephemeral, copy.pinged) == (False, frozenset())
        faults.released.clear()
        opened = await local.ada.press(result, MENU)
        await deferred(opened, CallbackKind.DEFERRED_MESSAGE, faults)
        question = await opened.answer(timeout_s=LONG_S)
        await (await local.ada.press(question, REMOVE)).acknowledged(timeout_s=LONG_S)
        await local.shows(question, "for everyone?")
        faults.released.clear()
        removal = await local.ada.press(question, REMOVE)
        await deferred(removal, CallbackKind.DEFERRED_UPDATE, faults)
        await local.discord.wait_for(lambda: result.deleted, timeout_s=LONG_S)
        for asked in (vote, again, listing, showing, opened, removal):
            assert (asked.answers, asked.refused, asked.followups) == (1, [], [])


async def test_moderators_decisions_wait_for_a_slow_database(local: BotHarness, faults: StoreFaults) -> None:
    faults.hang("approvals.decide")
    moderator = local.discord.member("Mo")
    async with local.bot():
        await approval_on(local)
        status, shown = await asked_for_approval(local)
        approval = await moderator.press(shown, "Approve")
        await deferred(approval, CallbackKind.DEFERRED_MESSAGE, faults)
        assert "is in the queue now" in (await refused(approval)).content
        await local.shows(status, TITLES[State.DELIVERED])
        faults.released.clear()
        before = len(local.results("general"))
        status = await local.place()
        shown = await local.result("general", count=before + 1)
        pressed = await moderator.press(shown, "Decline")
        await pressed.acknowledged(timeout_s=LONG_S)
        form = await moderator.submit_modal(pressed, {REASON: "no"})
        await deferred(form, CallbackKind.DEFERRED_MESSAGE, faults)
        assert "Declined." in (await refused(form)).content
        await local.shows(status, TITLES[State.DECLINED])
        for asked in (approval, form):
            assert (asked.answers, asked.refused) == (1, [])


async def test_a_form_that_is_sent_again_is_answered_once_each_time(
    local: BotHarness, faults: StoreFaults, subtests: pytest.Subtests
) -> None:
    moderator = local.discord.member("Mo")
    async with local.bot() as app:
        await approval_on(local)
        for times in (2, 3):
            with subtests.test(f"{times} times"):
                faults.hang("approvals.decide")
                faults.released.clear()
                before = len(local.results("general"))
                status = await local.place()
                shown = await local.result("general", count=before + 1)
                pressed = await moderator.press(shown, "Decline")
                await form_waits(app, waits=True)
                reasons = ("first", "second", "third")[:times]
                field = REASON
                sent = [await moderator.submit_modal(pressed, {field: reason}) for reason in reasons]
                for one in sent:
                    await one.acknowledged(timeout_s=LONG_S)
                faults.released.set()
                said = [(await refused(one)).content for one in sent]
                # all wait for the database at once, and it alone says which of them is first
                (decided,) = (
                    reason for reason, words in zip(reasons, said, strict=True) if "Declined." in words
                )
                assert FORM_EXPIRED not in "".join(said)
                await local.shows(status, TITLES[State.DECLINED])
                why = await refused(await local.ada.press(status, WHY))
                assert why.content == f"Reason: {decided}"
                for one in sent:
                    assert (one.answers, one.refused, one.followups) == (1, [], [])
                late = await moderator.submit_modal(pressed, {field: "late"})
                assert FORM_EXPIRED in (await refused(late)).content
                assert (late.answers, late.refused, late.followups) == (1, [], [])


async def asked_to_remove(local: BotHarness, result: Message) -> Message:
    """The question whether to remove the song."""
    menu = await (await local.ada.press(result, MENU)).answer(timeout_s=LONG_S)
    await (await local.ada.press(menu, REMOVE)).acknowledged(timeout_s=LONG_S)
    await local.shows(menu, "for everyone?")
    return menu


async def refused(asked: Invocation) -> Message:
    answer = await asked.answer(timeout_s=LONG_S)
    assert answer.ephemeral
    return answer


async def test_a_press_that_fails_is_answered_and_leaves_the_message_as_it_is(
    local: BotHarness, faults: StoreFaults
) -> None:
    async with local.bot():
        result = await local.placed_result()
        question = await asked_to_remove(local, result)
        faults.fail("library.press_heart", "library.remove", "_song", error=StoreError("gone"))
        for message, label in ((result, love(1, 0)), (result, MENU), (question, REMOVE)):
            answer = await refused(await local.ada.press(message, label))
            assert DATABASE_DOWN in answer.content
        assert not result.deleted
        assert love(1, 0) in labels(result)


async def test_a_result_that_cannot_be_taken_away_elsewhere_is_removed_all_the_same(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot():
        result = await local.placed_result()
        (choice,) = await local.ada.autocomplete("songs", "songs show", song="", timeout_s=LONG_S)
        showing = await local.ada.slash("general", "songs show", song=choice.value)
        copy = await showing.answer(timeout_s=LONG_S)
        local.discord.faults.add(Fault(kind=FaultKind.RESET, on="DELETE /channels/*", times=None))
        question = await asked_to_remove(local, copy)
        await local.ada.press(question, REMOVE)
        await local.shows(question, *song_removed(30, is_post_left=True).splitlines())
        assert "could not be deleted" in caplog.text
        for left in (copy, result):
            asked = await local.discord.member("Ben").press(left, MENU)
            (said,) = await local.discord.wait_for(partial(followups_of, asked), timeout_s=LONG_S)
            assert (said.ephemeral, SONG_REMOVED in said.content) == (True, True)
            assert left.deleted


def followups_of(asked: Invocation) -> list[Message]:
    return asked.followups
