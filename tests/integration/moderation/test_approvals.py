"""Approval that scales: who needs none, who is pinged, who decides, and several requests at once."""

from bot.chat.delivery.status_message import TITLES
from bot.chat.messages.queue import NONE_PENDING
from bot.chat.text import labels
from bot.chat.text.formatting import are_back
from bot.chat.text.moderator_errors import NONE_AWAITING
from bot.domain.requests import State
from sandbox.discord.model.message import Message
from sandbox.discord.model.world import Role
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import labels as labels_of
from tests.harness.message_readers import seen
from tests.integration.engines import on_both
from tests.integration.moderation.test_quota import UNTOUCHED, told

pytestmark = on_both

SILENT = "Discord doesn't let the bot notify"


async def approval(
    local: BotHarness, *, ping: Role | None = None, exempt: Role | None = None, free: int | None = None
) -> Message:
    """Require approval in the general channel; the role that is pinged can decide, too."""
    channel = local.discord.channel("general")
    rules: dict[str, object] = {"ping": ping, "deciders": ping, "exempt": exempt, "free": free}
    asked = await local.discord.member("Mo").slash(
        "songs", "settings approval", past_picker=False, mode="on", channel=channel, **rules
    )
    return await asked.answer(timeout_s=LONG_S)


async def pressed(local: BotHarness, who: str, message: Message, label: str) -> Message:
    """Press a button, and return the answer."""
    return await (await local.discord.member(who).press(message, label)).answer(timeout_s=LONG_S)


async def test_a_role_is_pinged_once_and_decides_until_it_is_taken_away(local: BotHarness) -> None:
    ben = local.discord.member("Ben")
    silent, helpers = (local.discord.add.role(local.discord.guild, name=name) for name in ("Mute", "Helpers"))
    helpers.mentionable = True
    local.discord.add.assign(ben.member, roles=(helpers,))
    async with local.bot():
        assert SILENT in (await told(local, "settings approval", ping=silent)).content
        told_ = await approval(local, ping=helpers)
        assert SILENT not in told_.content
        assert f"<@&{helpers.id}> is pinged for each. <@&{helpers.id}> can decide, too." in told_.content
        first = await local.place()
        shown = await local.result("general")
        assert (shown.content, shown.now.mention_roles) == (f"<@&{helpers.id}>", (helpers.id,))
        refused = await pressed(local, "Ada", shown, labels.APPROVE)
        assert f"**Manage Server** permission or the role <@&{helpers.id}>" in refused.content
        assert "is in the queue now" in (await pressed(local, "Ben", shown, labels.APPROVE)).content
        await local.shows(first, TITLES[State.DELIVERED])
        await local.shows(shown, "Approved", "Decided by")
        assert shown.content == ""
        second = await local.place()
        shown = await local.result("general", count=2)
        form = await ben.press(shown, labels.DECLINE)
        await form.acknowledged(timeout_s=LONG_S)
        local.discord.add.assign(ben.member, roles=())
        sent = await ben.submit_modal(form, {labels.USUAL_REASON: labels.USUAL_REASONS[0]})
        assert "You need the" in (await sent.answer(timeout_s=LONG_S)).content
        assert "You need the" in (await pressed(local, "Ben", shown, labels.DECLINE)).content
        assert "You need the" in (await pressed(local, "Ben", shown, labels.PENDING)).content
        await local.shows(second, TITLES[State.AWAITING])
        assert len(local.submissions) == 1


async def test_requests_that_need_no_approval_are_made_at_once(local: BotHarness) -> None:
    boosters = local.discord.add.role(local.discord.guild, name="Boosters")
    local.discord.add.assign(local.discord.member("Ben").member, roles=(boosters,))
    async with local.bot():
        told_ = await approval(local, exempt=boosters, free=1)
        assert f"for <@&{boosters.id}>, each member's first 1 request a day." in told_.content
        for who in ("Ben", "Ben", "Ada"):
            await local.shows(await local.place(who), TITLES[State.DELIVERED])
        await local.shows(await local.place(), TITLES[State.AWAITING])
        cleared = await told(local, "settings approval", none="exempt", free=0)
        assert "No approval" not in cleared.content
        await local.shows(await local.place("Ben"), TITLES[State.AWAITING])
        log = seen(await told(local, "quota log"))
        assert f"need no approval: <@&{boosters.id}>" in log
        assert "can decide, too" not in log


async def test_several_requests_are_decided_from_the_list(local: BotHarness) -> None:
    async with local.bot(max_active_per_member=9):
        await approval(local)
        mine = [await local.place(prompt=f"song *{number}*") for number in range(3)]
        other = await local.place("Ben", prompt="of Ben")
        listed = await told(local, "requests pending")
        for words in ("Requests that wait for approval", "song \\*0\\*", "of Ben", f"<@{local.ada.id}>"):
            assert words in seen(listed)
        assert labels_of(listed).count(labels.approve_all(3)) == 1
        mo = local.discord.member("Mo")
        form = await mo.press(listed, f"{labels.DECLINE} 2")
        await form.acknowledged(timeout_s=LONG_S)
        await mo.submit_modal(form, {labels.USUAL_REASON: labels.USUAL_REASONS[0]})
        await local.shows(listed, "Declined.", labels.approve_all(2))
        await local.shows(mine[1], TITLES[State.DECLINED], are_back(30))
        await mo.press(listed, labels.approve_all(2))
        await local.shows(listed, "2 requests by", "are in the queue now", f"{labels.APPROVE} 1")
        await mo.press(listed, f"{labels.APPROVE} 1")
        await local.shows(listed, NONE_PENDING)
        assert not listed.components
        for status in (mine[0], mine[2], other):
            await local.shows(status, TITLES[State.DELIVERED])
        assert "[1](https://" in seen(await told(local, "quota log"))


async def test_a_list_that_another_moderator_has_worked_through_says_so(local: BotHarness) -> None:
    async with local.bot():
        await approval(local)
        for _ in range(2):
            await local.place()
        first, second = [await told(local, "requests pending") for _ in range(2)]
        mo = local.discord.member("Mo")
        await mo.press(first, labels.approve_all(2))
        await local.shows(first, NONE_PENDING)
        await mo.press(second, labels.approve_all(2))
        await local.shows(second, NONE_AWAITING, NONE_PENDING)
        refused = await told(local, "requests pending", who="Ada", past=True)
        assert refused.content == UNTOUCHED
