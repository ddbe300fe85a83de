"""What moderators do on the page, and what members see of it."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.chat.delivery.approval_message import TO_APPROVE
from bot.chat.delivery.status_message import TITLES
from bot.chat.text import labels, panel
from bot.chat.text.labels import AGAIN, priced
from bot.domain.requests import State
from sandbox.cqtai import PLAYLISTS
from tests.harness.page import page_harness
from tests.page.gallery import SHORT_EVIL

pytestmark = pytest.mark.long


async def test_a_grant_is_seen_by_the_member_and_a_request_is_approved(tmp_path: Path) -> None:
    async with page_harness(tmp_path) as here:
        mo = await here.visit("Mo")
        ada = await here.visit("Ada")
        await mo.command("quota grant", member="Ada", credits="60", reason=SHORT_EVIL)
        await mo.sees("received 60 credits", "Only you can see this")
        await ada.command("credits")
        await ada.sees("Your credits", "150 credits", SHORT_EVIL)
        await mo.command("settings approval", mode="on", channel="moderators")
        await mo.sees("Requests are posted in")
        await mo.command("playlists add", name=SHORT_EVIL, playlist=PLAYLISTS[0].id)
        await mo.sees(SHORT_EVIL, "Only you can see this")
        await ada.command("inspire", playlist=SHORT_EVIL)
        status = await ada.sees(TITLES[State.AWAITING])
        await mo.goes_to("moderators")
        await mo.press(await mo.sees(TO_APPROVE), "Approve")
        await mo.sees("Approved", "Decided by")
        await expect(status).to_contain_text(TITLES[State.DELIVERED])
        await ada.sees("is ready", priced(AGAIN, 30))
        for user in (ada, mo):
            assert await user.page.evaluate("typeof hacked") == "undefined"
            assert await user.faults() == []
            assert user.errors == []
        await ada.photograph("approved", scheme="light", size="phone")
        await mo.photograph("approval", scheme="dark", size="wide")


async def test_what_newcomers_ask_for_is_decided_from_the_list_by_a_role(tmp_path: Path) -> None:
    async with page_harness(tmp_path) as here:
        mo = await here.visit("Mo")
        ada = await here.visit("Ada")
        await mo.command("settings approval", mode="on", channel="moderators")
        await mo.sees("Requests are posted in #moderators first now")
        await mo.command("settings show")
        shown = await mo.sees(panel.TITLE)
        await mo.press(shown, labels.PANEL_PAGES["songs"])
        await mo.choose(shown, panel.CHOOSE_PING, "@Moderators")
        await expect(shown).to_contain_text("@Moderators is pinged")
        await mo.choose(shown, panel.CHOOSE_SETTING, panel.EXEMPTIONS)
        await mo.choose(shown, panel.CHOOSE_EXEMPT, "@Moderators")
        await expect(shown).to_contain_text("No approval is needed for @Moderators.")
        await mo.choose(shown, panel.CHOOSE_SAVED, panel.SAVED_SKIP)
        await expect(shown).to_contain_text("@Moderators, saved playlists")
        await mo.command("settings words", add="damn, *heck*, taylor swift")
        await mo.sees("3 words can't be in prompts now.")
        await mo.photograph("panel-approval", scheme="dark", size="wide")
        await mo.photograph("panel-approval", scheme="light", size="phone")
        await ada.command("inspire", playlist=PLAYLISTS[0].id, prompt="a d4mn good song")
        await ada.sees("don't allow “damn” in prompts")
        for prompt in ("rain on a tin roof", "the last bus home"):
            await ada.command("inspire", playlist=PLAYLISTS[0].id, prompt=prompt)
            await ada.sees(TITLES[State.AWAITING], prompt)
        await mo.command("requests pending")
        listed = await mo.sees("Requests that wait for approval", "the last bus home")
        await mo.photograph("pending", scheme="dark", size="wide")
        await mo.photograph("pending", scheme="light", size="phone")
        await mo.press(listed, f"{labels.DECLINE} 1")
        await mo.photograph("decline", scheme="light", size="wide")
        await mo.page.keyboard.press("Escape")
        await mo.press(listed, f"{labels.APPROVE} 2")
        await expect(listed).to_contain_text("is in the queue now")
        await mo.goes_to("moderators")
        await mo.photograph("asked", scheme="dark", size="wide")
        await mo.photograph("asked", scheme="light", size="phone")
        for user in (ada, mo):
            assert await user.faults() == []
            assert user.errors == []
