"""The demo as a page: build the world, print the address, start the bot, until Ctrl-C."""

import asyncio
import contextlib
import os
import sys
import webbrowser
from pathlib import Path

from sandbox.cqtai import Terms
from sandbox.page.seed import seed, use_before
from sandbox.page.server import Page
from sandbox.world import World

MODELS = ("v55", "v50", "v45+", "v45", "v40")
SETTINGS = {
    "MAX_RUNNING": "1",
    "DEFAULT_ALLOWANCE": "300",
    "POLL_MIN_S": "0.5",
    "POLL_MAX_S": "2",
    "STATUS_EDIT_MIN_S": "2",
}
"""One song at a time: the next member sees the queue, and can change their mind. Credits for ten songs."""
TERMS = Terms(odd_titles=0.0)

LOG_LINES = 25


async def serve(folder: Path, *, song_s: float, opens_browser: bool) -> None:
    """Serve the page until cancelled; nothing is left running afterwards."""
    print("Starting a local Discord, a local song provider and the bot between them.", flush=True)
    async with World(folder, song_s=song_s, terms=TERMS, settings=SETTINGS) as world, Page(world) as page:
        await seed(world.discord)
        world.bot.settings["OPERATOR_GUILD_ID"] = str(world.discord.guild.id)  # there Odile has `/operator`
        print(f"The page is at  {page.address}", "Ctrl-C ends it.", sep="\n", flush=True)
        if opens_browser and has_display():
            await asyncio.to_thread(webbrowser.open, page.address)
        await world.teach(*MODELS)
        await page.controls.start()
        if world.bot.pid is None:
            print(
                "The bot did not start. Its log:", *world.bot.log_tail(LOG_LINES), sep="\n  ", file=sys.stderr
            )
        else:
            with contextlib.suppress(AssertionError):  # somebody has switched something off already
                await use_before(world)
        await asyncio.Event().wait()


def has_display() -> bool:
    """Tell whether a browser has somewhere to open a window."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
