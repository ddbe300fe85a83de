"""The page under the keyboard and the Back button, with a long channel, and after its demo has ended."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from sandbox.discord import LocalDiscord
from sandbox.discord.model.interaction import CallbackKind
from sandbox.discord.payloads import Payload, entries
from tests.harness.page import BrowserUser, page_harness
from tests.page.gallery import components
from tests.page.page_commands import asked, register, reply, send

pytestmark = pytest.mark.long
PLAYLIST = "https://suno.com/playlist/119573ff-8e48-4c1b-9a52-6f0d3be7a401"
COMMANDS: tuple[Payload, ...] = (
    {"name": "cancel", "description": "Take a request back"},
    {
        "name": "inspire",
        "description": "Make a song",
        "options": [{"type": 3, "name": name, "description": name} for name in ("playlist", "prompt")],
    },
)
MESSAGES = 40
MOST_TABS = 30
FOCUSED = "document.activeElement.id || document.activeElement.name || document.activeElement.className"


def fill(discord: LocalDiscord) -> None:
    """#songs has many messages with buttons and links."""
    for number in range(MESSAGES):
        send(discord, {"content": f"song {number}: {PLAYLIST}", "components": components()[:2]})


async def test_a_command_and_its_first_option_are_typed_or_pasted_at_once(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        discord = here.world.discord
        register(discord, COMMANDS)
        fill(discord)
        ada = await here.visit("Ada")
        await expect(ada.page.locator("#words")).to_be_focused()
        keys = ada.page.keyboard
        await keys.type("/")
        await expect(ada.page.locator("#choices").get_by_role("option", selected=True)).to_have_count(0)
        await keys.press("Enter")
        await expect(ada.message("/")).not_to_have_text("/")
        await keys.type(f"inspire {PLAYLIST}")
        await expect(ada.page.locator("#command input[name=playlist]")).to_have_value(PLAYLIST)
        await ada.page.locator("#messages").hover()
        await ada.page.mouse.wheel(0, -3000)
        await expect(ada.page.locator("#present")).to_be_visible()
        await keys.press("Enter")
        sent = await asked(discord, count=1)
        assert [(one["name"], one["value"]) for one in entries(sent.data, "options")] == [
            ("playlist", PLAYLIST)
        ]
        reply(discord, sent, CallbackKind.MESSAGE, {"content": "coming"})
        await expect(await ada.sees("coming")).to_be_in_viewport()
        await expect(ada.page.locator("#present")).to_be_hidden()
        await ada.page.locator("#words").fill(f"/inspire {PLAYLIST}")
        await expect(ada.page.locator("#command input[name=playlist]")).to_have_value(PLAYLIST)
        assert ada.errors == []


async def test_a_long_channel_is_read_with_few_keys(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        discord = here.world.discord
        fill(discord)
        ada = await here.visit("Ada")
        last = await ada.sees(f"song {MESSAGES - 1}")
        await ada.page.get_by_role("radio", name="Ada").focus()
        stops = await tabs_until(ada, "words")
        assert stops < MOST_TABS
        await last.focus()
        await ada.page.keyboard.press("ArrowUp")
        await expect(await ada.sees(f"song {MESSAGES - 2}")).to_be_focused()
        await ada.page.keyboard.press("Tab")
        assert await ada.page.evaluate("document.activeElement.closest('article').innerText") != ""
        await ada.page.keyboard.press("Home")
        await ada.page.locator("#messages").hover()
        await ada.page.mouse.wheel(0, -3000)
        await ada.photograph("present", scheme="dark", size="wide")
        assert await ada.faults() == []
        await ada.page.get_by_role("button", name="Jump to present").click()
        await expect(last).to_be_in_viewport()
        await ada.page.locator("#show-places, #theme").last.focus()
        await ada.page.keyboard.type("hello")
        await expect(ada.page.locator("#words")).to_have_value("hello")
        await ada.page.locator("#skip").focus()
        await expect(ada.page.locator("#skip")).to_be_in_viewport()
        await ada.page.keyboard.press("Enter")
        await expect(ada.page.locator("#words")).to_be_focused()
        assert ada.errors == []


async def tabs_until(user: BrowserUser, name: str) -> int:
    """Press Tab until that element has the focus, and return how often."""
    for count in range(1, 300):
        await user.page.keyboard.press("Tab")
        if await user.page.evaluate(FOCUSED) == name:
            return count
    raise AssertionError(f"{name} is not reached")


async def test_back_leads_to_the_channel_before_and_warns_before_it_leaves(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        fill(here.world.discord)
        ada = await here.visit("Ada")
        await ada.page.locator("#words").click()
        await ada.goes_to("general")
        await ada.page.go_back()
        await expect(ada.page.locator("#channel")).to_have_text("# songs")
        await ada.sees(f"song {MESSAGES - 1}")
        await ada.page.go_back()
        await expect(ada.page.locator(".toast")).to_contain_text("Back once more leaves the demo")
        await expect(ada.page.locator("#channel")).to_have_text("# songs")
        assert ada.errors == []
        mo = await here.visit("Mo")
        await mo.page.locator("#words").click()
        await mo.goes_to("moderators")
        await mo.becomes("Ada")
        await mo.page.keyboard.type("hello")
        await expect(mo.page.locator("#words")).to_have_value("hello")
        await mo.page.go_back()
        await expect(mo.page.locator("#channel")).to_have_text("# moderators")
        await mo.page.go_back()
        await expect(mo.page.locator("#channel")).to_have_text("# songs")


async def test_links_to_made_up_songs_stay_here_and_the_end_is_said_once(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        fill(here.world.discord)
        ada = await here.visit("Ada")
        message = await ada.sees(f"song {MESSAGES - 1}")
        await message.get_by_role("link", name=PLAYLIST).click()
        await expect(ada.page.locator(".toast")).to_contain_text("is made up for this demo")
        assert len(ada.page.context.pages) == 1
        await here.page.announce_end()
        await expect(ada.page.locator("#problem")).to_contain_text("The demo has ended.")
        await ada.photograph("ended", scheme="dark", size="wide")
        assert ada.errors == []
