"""The welcome on the page."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.chat.delivery.welcome_message import HELLO_AGAIN
from bot.chat.text import labels, panel
from tests.harness.page import page_harness

pytestmark = pytest.mark.long


async def test_a_moderator_opens_the_panel_from_the_welcome(tmp_path: Path) -> None:
    async with page_harness(tmp_path) as here:
        mo = await here.visit("Mo", channel="general")
        await expect(mo.page.locator("#world").get_by_text("The bot runs")).to_have_count(1)
        discord = here.world.discord
        discord.disruptions.remove_bot(discord.guild)
        discord.disruptions.invite_bot(discord.guild)
        hello = await mo.sees(HELLO_AGAIN)
        await mo.photograph("welcome", scheme="dark", size="phone")
        await mo.press(hello, labels.SET_UP)
        await mo.sees(panel.TITLE, "Only you can see this")
        await mo.photograph("welcome", scheme="light", size="wide")
        assert mo.errors == []
