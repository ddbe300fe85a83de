"""The headless browser of this machine, for the page's tests and its pictures."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_MS: Final = 90_000
QUIET: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Nothing but what the page asks for leaves the browser."""


def installed() -> str | None:
    """Return the path of the installed browser, or None; none is ever downloaded."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Run a browser for the duration of the context.

    Raises:
        FileNotFoundError: There is none on this machine.
    """
    program = installed()
    if program is None:
        raise FileNotFoundError("No Chromium is installed: apt-get install chromium, or a browser like it.")
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=program, args=[*QUIET, *as_root], timeout=START_MS
        )
        try:
            yield started
        finally:
            await started.close()
