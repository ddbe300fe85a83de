"""The page in a real browser: a world, its page, and users who look at it and act on it."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Locator, Request, expect
from playwright.async_api import Page as Sight

from sandbox.browser import browser, installed
from sandbox.cqtai import Terms
from sandbox.discord.limits import Limits
from sandbox.page import Page
from sandbox.page.seed import seed
from sandbox.world import World

LONG_S = 45.0
"""More than anything here takes, also on a busy machine; what is awaited is an event, never a time."""
LONG_MS = 1000 * LONG_S
UNHURRIED = Limits(interaction_deadline_s=LONG_S, identify_window_s=0)
FAST = {"POLL_MIN_S": "0.1", "POLL_MAX_S": "0.3", "STATUS_EDIT_MIN_S": "0.2", "MAX_RUNNING": "1"}
ARTEFACTS = Path(__file__).resolve().parents[2] / "build" / "page"
"""Where screenshots are kept; git ignores it."""
SIZES = {"wide": (1280, 800), "phone": (390, 844), "narrow": (360, 640)}
FAULTS_SHOWN = ("serious", "critical")
Scheme = Literal["dark", "light"]

expect.set_options(timeout=LONG_MS)


@dataclass
class BrowserUser:
    """A user of the page, as one of its people."""

    page: Sight
    errors: list[str] = field(default_factory=list)
    """What the browser complained of: errors, refused scripts, requests to elsewhere."""

    @property
    def messages(self) -> Locator:
        """Return all messages of the open channel."""
        return self.page.locator("#messages article")

    def message(self, *words: str) -> Locator:
        """Return the newest message that has all these words."""
        found = self.messages
        for each in words:
            found = found.filter(has_text=each)
        return found.last

    async def sees(self, *words: str) -> Locator:
        """Wait for the newest message with the words; it stays the same if its words change."""
        found = self.message(*words)
        await expect(found).to_be_visible()
        return self.page.locator(f"#{await found.get_attribute('id')}")

    async def command(self, line: str, /, **options: str) -> None:
        """Pick the command, fill in its options as by typing, and send it."""
        await self.begin(line)
        for name, value in options.items():
            field_input = self.page.locator(f"#command input[name={name}]")
            if not await field_input.count():
                await self.page.locator("#optional").get_by_role("button", name=name, exact=True).click()
            await field_input.fill(value)
            await self.pick(value)
        await self.page.locator("#composer").get_by_role("button", name="Send").click()

    async def begin(self, line: str, /) -> None:
        """Pick the command, and fill nothing in."""
        await expect(self.page.locator("#world").get_by_text("The bot runs")).to_have_count(1)
        await self.page.locator("#words").fill(f"/{line}")
        choice = (
            self.page.locator("#choices")
            .get_by_role("option")
            .filter(has_text=re.compile(rf"^/{re.escape(line)}(?!\w)"))
        )
        await expect(choice.first).to_be_visible()
        await choice.first.click()

    async def pick(self, words: str, /) -> None:
        """Choose the suggestion with these words, if there is any (members, roles, channels)."""
        for choice in await self.page.locator("#choices").get_by_role("option").all():
            if (await choice.inner_text()).strip().lstrip("@#") == words:
                await choice.click()
                return

    async def press(self, message: Locator, label: str, /) -> None:
        """Press the button of the message."""
        await message.get_by_role("button", name=label, exact=True).click()

    async def choose(self, within: Locator, select: str, /, *labels: str) -> None:
        """Choose these options in the select of a message or a modal."""
        box = within.get_by_role("combobox", name=select, exact=True)
        await box.click()
        for label in labels:
            await within.get_by_role("option", name=re.compile(rf"^{re.escape(label)}")).click()
        if await box.get_attribute("aria-expanded") == "true":
            await box.press("Escape")

    async def goes_to(self, channel: str, /) -> None:
        """Open the channel."""
        await self.page.locator("#channels").get_by_role("button", name=re.compile(channel)).click()

    async def becomes(self, name: str, /) -> None:
        """Become another person."""
        await self.page.locator("#people").get_by_role("radio", name=re.compile(name)).check()
        await expect(self.page).to_have_url(re.compile(f"#{name}/"))

    async def turns(self, words: str, /) -> None:
        """Use a switch or a button of the panel."""
        world = self.page.locator("#world")
        switch = world.get_by_label(words, exact=True)
        await (switch if await switch.count() else world.get_by_role("button", name=words)).click()

    async def plays(self, message: Locator, number: int) -> None:
        """Play the message's player of that number."""
        player = message.locator("audio").nth(number)
        await player.focus()
        await self.page.keyboard.press("Space")
        await expect(player).to_have_js_property("paused", False)
        played = "player => player.played.length > 0 && player.played.end(0) > 0"
        await self.page.wait_for_function(played, arg=await player.element_handle(), timeout=LONG_MS)

    async def faults(self) -> list[str]:
        """Return the accessibility faults that axe finds serious."""
        found = await Axe().run(self.page)
        return [
            f"{one['id']}: {node['html'][:200]} {node['any'][:1]}"
            for one in found.response["violations"]
            if one["impact"] in FAULTS_SHOWN
            for node in one["nodes"]
        ]

    async def photograph(self, name: str, *, scheme: Scheme, size: str) -> None:
        """Save a screenshot for people to look at."""
        await self.looks(scheme=scheme, size=size)
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=ARTEFACTS / f"{name}-{scheme}-{size}.png")

    async def looks(self, *, scheme: Scheme, size: str) -> None:
        """Set the page's colours and the size of the screen."""
        width, height = SIZES[size]
        await self.page.set_viewport_size({"width": width, "height": height})
        await self.page.emulate_media(color_scheme=scheme)


@dataclass
class PageHarness:
    """A world with its page, and a browser to look at it."""

    world: World
    page: Page
    browser: Browser

    async def visit(self, name: str = "Ada", *, channel: str = "songs") -> BrowserUser:
        """Open the page as that person, in the channel."""
        context = await self.browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
        context.set_default_timeout(LONG_MS)
        user = BrowserUser(await context.new_page())
        own = self.page.address.rsplit("/", 2)[0]

        def heard(said: ConsoleMessage) -> None:
            if said.type == "error":
                user.errors.append(said.text)

        def asked(request: Request) -> None:
            if not request.url.startswith((own, "ws" + own.removeprefix("http"))):
                user.errors.append(f"asked for {request.url}")

        user.page.on("console", heard)
        user.page.on("request", asked)
        user.page.on("pageerror", lambda error: user.errors.append(str(error)))
        await user.page.goto(f"{self.page.address}#{name}/{channel}")
        await expect(user.page.locator("#channel")).to_contain_text(channel)
        return user


@asynccontextmanager
async def page_harness(
    folder: Path, *, song_s: float = 1.0, bot: bool = True, limits: Limits = UNHURRIED, **settings: str
) -> AsyncIterator[PageHarness]:
    """Yield the page of a new world whose songs take so long, with the real bot as a process if wanted."""
    if installed() is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine, so the page is not tried in a browser")
    async with (
        World(
            folder, song_s=song_s, terms=Terms(audio_s=1.0), settings=FAST | settings, limits=limits
        ) as world,
        Page(world, port=0) as page,
        browser() as chromium,
    ):
        await seed(world.discord)
        if bot:
            await page.controls.start()
        yield PageHarness(world, page, chromium)
        assert world.discord.unimplemented == []
