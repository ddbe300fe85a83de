"""The command `python -m sandbox.demo.pictures FOLDER`: takes the README's pictures in a real browser."""

import asyncio
import io
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Sight

from sandbox.browser import browser
from sandbox.cqtai import PLAYLISTS, Playlist
from sandbox.page import Page
from sandbox.page.demo import MODELS, SETTINGS, TERMS
from sandbox.page.seed import seed
from sandbox.world import World

SEED: Final = 77
SONG_S: Final = 20.0
TIMEOUT_MS: Final = 120_000
TALL, WIDE, PHONE, PANEL = (1280, 1060), (1280, 800), (390, 844), (1280, 700)
COLOURS: Final = 256
"""A palette of this size keeps a picture small without a visible difference."""


async def take(folder: Path) -> None:
    """Take all pictures into the folder, in place of those that were there."""
    expect.set_options(timeout=TIMEOUT_MS)
    with tempfile.TemporaryDirectory(prefix="inspire-", ignore_cleanup_errors=True) as name:
        async with (
            World(Path(name), song_s=SONG_S, seed=SEED, terms=TERMS, settings=SETTINGS) as world,
            Page(world) as page,
            browser() as chromium,
        ):
            await seed(world.discord)
            await world.teach(*MODELS)
            await world.start_bot()
            await _play(world, page, chromium, folder)


async def _play(world: World, page: Page, chromium: Browser, folder: Path) -> None:
    wide = await _look(chromium, f"{page.address}#Ada/songs", dark=True, size=TALL)
    phone = await _look(chromium, f"{page.address}#Ada/songs", dark=True, size=PHONE)
    light = await _look(chromium, f"{page.address}#Ben/songs", dark=False, size=WIDE)
    pocket = await _look(chromium, f"{page.address}#Ben/songs", dark=False, size=PHONE)
    await _order(world, "Ada", PLAYLISTS[0])
    for sight in (wide, phone, light, pocket):
        await expect(sight.locator("#messages audio")).to_have_count(2)
        await sight.wait_for_function(
            "() => [...document.images].every((one) => one.complete && one.naturalWidth)"
        )
    await phone.locator("#messages article").last.evaluate("one => one.scrollIntoView({block: 'start'})")
    await _keep(phone, folder / "result-dark-390.png")
    with world.songs_unfinished():
        await _order(world, "Mo", PLAYLISTS[2])
        await expect(wide.locator("#messages").get_by_text("Making your song")).to_have_count(1)
        await _order(world, "Ben", PLAYLISTS[3])
        await expect(wide.locator("#messages").get_by_text("Waiting in the queue")).to_have_count(1)
        await _keep(wide, folder / "channel-dark-1280.png")
        await _type(light)
        await _keep(light, folder / "command-light-1280.png")
        await pocket.locator("#words").fill("/")
        await _keep(pocket, folder / "commands-light-390.png")
    await _set_up(world, page, chromium, folder)


async def _look(chromium: Browser, address: str, *, dark: bool, size: tuple[int, int]) -> Sight:
    sight = await chromium.new_page(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
    )
    await sight.goto(address)
    await expect(sight.get_by_text("The bot runs")).to_have_count(1)
    return sight


async def _order(world: World, who: str, playlist: Playlist) -> None:
    asked = await world.discord.member(who).slash("songs", "inspire", playlist=playlist.id)
    await asked.answer(timeout_s=TIMEOUT_MS / 1000)


async def _set_up(world: World, page: Page, chromium: Browser, folder: Path) -> None:
    """Take the moderators' panel, with an own channel for songs."""
    moderator = world.discord.member("Mo")
    for line, channel in (("channel", "songs"), ("log", "bot-log")):
        asked = await moderator.slash(
            "moderators", f"settings {line}", channel=world.discord.channel(channel)
        )
        await asked.answer(timeout_s=TIMEOUT_MS / 1000)
    sight = await _look(chromium, f"{page.address}#Mo/moderators", dark=True, size=PANEL)
    asked = await moderator.slash("moderators", "settings show")
    shown = await asked.answer(timeout_s=TIMEOUT_MS / 1000)
    await moderator.choose(shown, "panel-setting:where", "results_channel")
    await expect(sight.locator("#messages article").last).to_contain_text(
        "\N{BLACK RIGHT-POINTING SMALL TRIANGLE} Results"
    )
    await _keep(sight, folder / "panel-dark-1280.png")


async def _type(sight: Sight) -> None:
    """Type half a command, with a mistake in it."""
    await sight.locator("#words").fill("/inspire")
    await sight.keyboard.press("Enter")
    await sight.keyboard.type(PLAYLISTS[1].id)
    for name, words in (("prompt", "the last bus home"), ("weirdness", "2")):
        await sight.locator("#optional").get_by_role("button", name=name, exact=True).click()
        await sight.keyboard.type(words)
    await sight.keyboard.press("Enter")
    await expect(sight.locator("#hint .mistake")).to_have_count(1)


async def _keep(sight: Sight, path: Path) -> None:
    picture = await sight.screenshot()
    await asyncio.to_thread(_shrink, picture, path)


def _shrink(picture: bytes, path: Path) -> None:
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))
