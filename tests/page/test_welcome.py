"""The welcome on the page."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from bot.chat.delivery.welcome_message import HELLO_AGAIN
from bot.chat.text import labels, panel
from tests.harness.page import BrowserUser, Scheme, page_harness

pytestmark = pytest.mark.long
PHOTOGRAPHS: list[tuple[Scheme, str]] = [
    ("dark", "wide"),
    ("light", "wide"),
    ("dark", "phone"),
    ("light", "phone"),
]


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


class CountedHands:
    """A moderator's presses: a button, a choice in a select, or the end of a form."""

    def __init__(self, user: BrowserUser) -> None:
        self._user = user
        self.presses = 0

    async def press(self, within: Locator, label: str, /) -> None:
        self.presses += 1
        await self._user.press(within, label)

    async def choose(self, within: Locator, select: str, /, *labels: str) -> None:
        self.presses += len(labels)
        await self._user.choose(within, select, *labels)


async def fill_in(mo: BrowserUser, hand: CountedHands) -> None:
    """Fill in the form that sets several things up, and send it."""
    form = mo.page.locator("#modal")
    await hand.choose(form, panel.SET_UP_CHANNEL, "#songs")
    await hand.choose(form, panel.SET_UP_ROLES, "@Moderators")
    for label, words in (
        (panel.SET_UP_AMOUNT, "150"),
        (panel.SET_UP_BUDGET, "1,500"),
        (panel.SET_UP_WORDS, "damn, *heck*"),
    ):
        await form.get_by_label(label).fill(words)
    for scheme, size in PHOTOGRAPHS:
        await mo.photograph("set-up-form", scheme=scheme, size=size)
    await hand.press(form, "Submit")


async def test_a_new_moderator_sets_a_server_up_with_ten_presses(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with page_harness(tmp_path) as here:
        mo = await here.visit("Mo", channel="general")
        await expect(mo.page.locator("#world").get_by_text("The bot runs")).to_have_count(1)
        discord = here.world.discord
        discord.disruptions.remove_bot(discord.guild)
        discord.disruptions.invite_bot(discord.guild)
        hello, hand, began_s = await mo.sees(HELLO_AGAIN), CountedHands(mo), time.monotonic()
        await hand.press(hello, labels.SET_UP)
        shown = await mo.sees(panel.TITLE, "Only you can see this")
        await hand.press(shown, labels.SET_UP_FORM)
        await fill_in(mo, hand)
        await expect(shown).to_contain_text("2 words can't be in prompts now.")
        await hand.choose(shown, panel.APPROVAL_CHANNEL, "#moderators")
        await expect(shown).to_contain_text("Requests are posted in #moderators first")
        await hand.choose(shown, panel.CHOOSE_SETTING, panel.EXEMPTIONS)
        await hand.choose(shown, panel.CHOOSE_EXEMPT, "@Moderators")
        await expect(shown).to_contain_text("No approval is needed for @Moderators.")
        record_property("presses", hand.presses)
        record_property("seconds without reading and typing", time.monotonic() - began_s)
        assert hand.presses <= 10
        for scheme, size in PHOTOGRAPHS:
            await mo.photograph("set-up", scheme=scheme, size=size)
        await hand.press(shown, labels.PANEL_PAGES["credits"])
        await expect(shown).to_contain_text("1,500 credits every")
        await expect(shown).to_contain_text("@Moderators 150")
        assert await mo.faults() == []
        assert mo.errors == []
