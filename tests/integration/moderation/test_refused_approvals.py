"""Approval messages that Discord refuses at first or later: moderators can still decide."""

import pytest

from bot.chat.delivery.status_message import TITLES, UNSEEN_REQUEST
from bot.chat.text.labels import REASON
from bot.domain.requests import State
from sandbox.discord import Fault, FaultKind
from tests.harness.bot import LONG_S, PLENTY, BotHarness
from tests.harness.message_readers import labels, seen
from tests.integration.delivery.test_refused_messages import BACK, POST, READY
from tests.integration.engines import on_both
from tests.integration.moderation.test_quota import told
from tests.integration.moderation.test_settings import approval_on

pytestmark = [on_both, pytest.mark.usefixtures("patient")]
UNSHOWN = UNSEEN_REQUEST


def refuse(local: BotHarness, on: str, *, containing: str = "") -> None:
    """Let AutoMod refuse these messages from now on."""
    local.discord.faults.clear()
    fault = Fault(kind=FaultKind.REFUSED, on=on, times=None, status=400, code=200000, containing=containing)
    local.discord.faults.add(fault)


async def test_what_is_refused_in_every_form_is_shown_later_unless_it_is_cancelled(local: BotHarness) -> None:
    local.hurry({"work.retries.message.max_s": 0.2})
    async with local.bot(default_allowance=PLENTY):
        await approval_on(local)
        refuse(local, POST)
        cancelled = await local.place()
        await local.shows(cancelled, UNSHOWN)
        await local.ada.press(cancelled, "Cancel")
        await local.shows(cancelled, BACK)
        status = await local.place()
        await local.shows(status, UNSHOWN)
        local.discord.faults.clear()
        shown = await local.result("general")
        await local.discord.wait_for(lambda: UNSHOWN not in seen(status), timeout_s=LONG_S)
        await local.discord.member("Mo").press(shown, "Approve")
        await local.shows(status, READY)
        assert len(local.results("general")) == 1


async def test_a_decision_is_shown_though_its_words_are_refused(local: BotHarness) -> None:
    mo = local.discord.member("Mo")
    async with local.bot(default_allowance=PLENTY):
        await approval_on(local)
        status = await local.place(prompt="fine")
        shown = await local.result("general")
        refuse(local, "PATCH /channels/*", containing="badword")
        pressed = await mo.press(shown, "Decline")
        await pressed.acknowledged(timeout_s=LONG_S)
        await mo.submit_modal(pressed, {REASON: "a badword"})
        await local.shows(status, TITLES[State.DECLINED])
        await local.shows(shown, "Declined")
        assert labels(shown) == []
        status = await local.place(prompt="fine at first")
        shown = await local.result("general", count=2)
        refuse(local, "PATCH /channels/*", containing="at first")
        await mo.press(shown, "Approve")
        await local.shows(status, READY)
        await local.shows(shown, "Approved")
        assert labels(shown) == []


async def test_a_deleted_channel_of_the_moderators_gives_way_to_another(local: BotHarness) -> None:
    async with local.bot():
        await approval_on(local)
        local.discord.disruptions.delete_channel(local.discord.channel("general"))
        status = await local.place()
        await local.shows(status, UNSHOWN)
        other = local.discord.add.channel(local.discord.guild, name="moderators")
        await told(local, "settings approval", mode="on", channel=other)
        await local.discord.member("Mo").press(await local.result("moderators"), "Approve")
        await local.shows(status, READY)
