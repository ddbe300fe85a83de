"""What moderators do on the page, and what members see of it."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.chat.delivery.approval_message import TO_APPROVE
from bot.chat.delivery.status_message import TITLES
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
        await mo.sees("Each request is posted in")
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
