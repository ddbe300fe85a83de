"""`/settings` as a moderator uses it, and songs that a moderator has to approve."""

import pytest

from bot.chat.delivery.approval_message import TO_APPROVE
from bot.chat.delivery.status_message import TITLES, UNSEEN_REQUEST
from bot.chat.text import confirmations, labels
from bot.chat.text import panel as panel_words
from bot.chat.text.formatting import are_back
from bot.chat.text.labels import CHANGE, REASON, USUAL_REASON, USUAL_REASONS, priced
from bot.chat.text.moderator_errors import CHANNEL_MISSING, REASON_MISSING
from bot.domain.requests import State
from sandbox.discord.model.message import Message
from sandbox.discord.model.permissions import Permission
from sandbox.discord.people.person import PickerError
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import on_both
from tests.integration.moderation.test_quota import UNTOUCHED, told

pytestmark = on_both


async def asked_for_approval(local: BotHarness) -> tuple[Message, Message]:
    """The status of a request that waits for a moderator, and what the moderators see."""
    status = await local.place()
    await local.shows(status, TITLES[State.AWAITING])
    shown = await local.result("general")
    await local.shows(shown, TO_APPROVE)
    return status, shown


async def approval_on(local: BotHarness) -> None:
    channel = local.discord.channel("general")
    message = await told(local, "settings approval", mode="on", channel=channel)
    assert f"Requests are posted in <#{channel.id}> first now" in message.content


async def test_an_approved_request_becomes_a_song_also_after_a_restart(local: BotHarness) -> None:
    async with local.bot():
        await approval_on(local)
        status, shown = await asked_for_approval(local)
        assert (await local.credits())["On hold"] == 30
    async with local.bot():
        refused = await (await local.ada.press(shown, "Approve")).answer(timeout_s=LONG_S)
        assert (refused.ephemeral, refused.content) == (True, UNTOUCHED)
        pressed = await local.discord.member("Mo").press(shown, "Approve")
        assert "is in the queue now" in (await pressed.answer(timeout_s=LONG_S)).content
        await local.shows(status, TITLES[State.DELIVERED])
        await local.shows(shown, "Approved", "Decided by")
        assert not shown.components
        assert len(local.submissions) == 1


async def test_a_declined_request_gives_the_reason_and_the_credits_back(local: BotHarness) -> None:
    async with local.bot():
        await approval_on(local)
        status, shown = await asked_for_approval(local)
        moderator = local.discord.member("Mo")
        pressed = await moderator.press(shown, "Decline")
        await pressed.acknowledged(timeout_s=LONG_S)
        sent = await moderator.submit_modal(pressed, {REASON: "not *tonight*"})
        assert "Declined." in (await sent.answer(timeout_s=LONG_S)).content
        await local.shows(status, TITLES[State.DECLINED], "[Why?]", CHANGE, are_back(30))
        why = await (await local.ada.press(status, "Why?")).answer(timeout_s=LONG_S)
        assert (why.ephemeral, why.content) == (True, "Reason: not \\*tonight\\*")
        form = await local.ada.press(status, priced(CHANGE, 30))
        await form.acknowledged(timeout_s=LONG_S)
        assert form.interaction.modal is not None
        await local.shows(shown, "Declined", "Reason: not")
        assert (await local.credits())["Available"] == 90
        assert local.submissions == []
        assert "declined a request of" in seen(await told(local, "quota log"))
        off = await told(local, "settings approval", mode="off")
        assert confirmations.NO_APPROVAL in off.content
        await local.shows(await local.place(), TITLES[State.DELIVERED])


async def test_a_usual_reason_declines_a_request_and_none_does_not(local: BotHarness) -> None:
    async with local.bot():
        await approval_on(local)
        status, shown = await asked_for_approval(local)
        moderator = local.discord.member("Mo")
        pressed = await moderator.press(shown, "Decline")
        await pressed.acknowledged(timeout_s=LONG_S)
        empty = await (await moderator.submit_modal(pressed, {})).answer(timeout_s=LONG_S)
        assert REASON_MISSING in empty.content
        pressed = await moderator.press(shown, "Decline")
        await pressed.acknowledged(timeout_s=LONG_S)
        sent = await moderator.submit_modal(pressed, {USUAL_REASON: USUAL_REASONS[0]})
        assert "Declined." in (await sent.answer(timeout_s=LONG_S)).content
        await local.shows(status, TITLES[State.DECLINED], are_back(30))
        why = await (await local.ada.press(status, "Why?")).answer(timeout_s=LONG_S)
        assert USUAL_REASONS[0] in why.content


async def test_songs_are_asked_for_in_one_channel_and_posted_in_another(local: BotHarness) -> None:
    songs, general = local.discord.channel("songs"), local.discord.channel("general")
    async with local.bot():
        assert f"only in <#{songs.id}>" in (await told(local, "settings channel", channel=songs)).content
        asked = await local.ada.slash("general", "inspire", playlist="x" * 36)
        message = await asked.answer(timeout_s=LONG_S)
        assert message.ephemeral
        await told(local, "settings results", channel=general)
        status = await local.place()
        await local.shows(status, TITLES[State.DELIVERED])
        posted = await local.result("general")
        assert posted.pinged == {local.ada.id}
        assert f"/{general.id}/{posted.id}" in seen(status)
        assert local.results("songs") == []


async def test_elsewhere_the_channels_name_is_told(local: BotHarness) -> None:
    general = local.discord.channel("general")
    async with local.bot():
        await told(local, "settings channel", channel=general)
        refused = await (await local.order()).answer(timeout_s=LONG_S)
        assert (refused.ephemeral, f"<#{general.id}>" in refused.content) == (True, True)
        await told(local, "settings channel", none=True)
        await local.place()


async def test_everything_that_is_settled_is_shown(local: BotHarness) -> None:
    async with local.bot():
        assert "with `v4` now" in (await told(local, "settings model", model="v40")).content
        limits = await told(local, "settings limits", active=2, cooldown=30)
        assert "Each member can have 2 requests at a time, 30 seconds between requests." in limits.content
        await told(local, "settings log", channel=local.discord.channel("general"))
        await told(local, "quota role", role=local.discord.moderators, credits=120)
        panel = await told(local, "settings show")
        for words in (panel_words.EVERYWHERE.capitalize(), f"In <#{local.discord.channel('general').id}>"):
            assert words in seen(panel)
        await local.discord.member("Mo").press(panel, labels.PANEL_PAGES["credits"])
        await local.shows(panel, "2 requests at a time, 30 seconds between requests", "120")
        await local.discord.member("Mo").press(panel, labels.PANEL_PAGES["songs"])
        await local.shows(panel, panel_words.NO_APPROVAL.capitalize(), "`v4`")
        assert "changed the default model" not in seen(await local.result("general"))


async def test_a_channel_where_the_bot_may_not_post_is_refused(local: BotHarness) -> None:
    general = local.discord.channel("general")
    async with local.bot():
        local.discord.disruptions.deny(general, Permission.EMBED_LINKS)
        message = await told(local, "settings results", channel=general)
        assert "Embed Links" in message.content
        assert "needed" not in message.content
        missing = await told(local, "settings approval", mode="on")
        assert CHANNEL_MISSING in missing.content


async def test_a_member_learns_that_the_moderators_channel_is_closed_until_it_is_open(
    local: BotHarness,
) -> None:
    general = local.discord.channel("general")
    async with local.bot():
        await approval_on(local)
        local.discord.disruptions.deny(general, Permission.SEND_MESSAGES)
        status = await local.place()
        await local.shows(status, TITLES[State.AWAITING], UNSEEN_REQUEST)
        assert local.results("general") == []
        local.discord.disruptions.allow(general, Permission.SEND_MESSAGES)
        shown = await local.result("general")
        await local.shows(shown, TO_APPROVE)
        await local.discord.wait_for(lambda: UNSEEN_REQUEST not in seen(status), timeout_s=LONG_S)
        pressed = await local.discord.member("Mo").press(shown, "Approve")
        await pressed.answer(timeout_s=LONG_S)
        await local.shows(status, TITLES[State.DELIVERED])


async def test_a_member_may_settle_nothing_also_past_the_picker(local: BotHarness) -> None:
    async with local.bot():
        with pytest.raises(PickerError, match="not offered"):
            await local.ada.slash("songs", "settings show")
        options: dict[str, dict[str, object]] = {
            "show": {},
            "channel": {},
            "results": {},
            "model": {},
            "approval": {"mode": "off"},
            "log": {},
            "limits": {},
        }
        for command, given in options.items():
            message = await told(local, f"settings {command}", "Ada", past=True, **given)
            assert message.content == UNTOUCHED, command
