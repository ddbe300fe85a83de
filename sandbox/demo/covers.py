"""Cover images for a terminal: each character cell shows two pixels, one above the other."""

import asyncio
import io
from collections.abc import Iterable

import aiohttp
from PIL import Image
from rich.color import Color
from rich.style import Style
from rich.text import Text

ROWS = 6
"""Lines of a cover; twice as many characters across make a square, as a cell is twice as high as wide."""
FETCH_S = 10.0
HALF_BLOCK = "\N{UPPER HALF BLOCK}"


class Covers:
    """The covers fetched so far, by URL, each so many lines high."""

    def __init__(self, *, rows: int = ROWS) -> None:
        self._rows = rows
        self._drawn: dict[str, Text | None] = {}

    def get(self, url: str) -> Text | None:
        """Return the cover as lines of half blocks, or None if it has not been fetched (yet)."""
        return self._drawn.get(url)

    async def fetch(self, urls: Iterable[str]) -> None:
        """Fetch every cover that is not known yet; one that cannot be fetched is left out."""
        wanted = [url for url in urls if url not in self._drawn]
        if not wanted:
            return
        self._drawn.update(dict.fromkeys(wanted))
        timeout = aiohttp.ClientTimeout(total=FETCH_S)
        async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session:
            for url in wanted:
                try:
                    async with session.get(url) as response:
                        content = await response.read()
                    self._drawn[url] = await asyncio.to_thread(drawn, content, rows=self._rows)
                except (aiohttp.ClientError, TimeoutError, OSError):
                    continue


def drawn(content: bytes, *, rows: int) -> Text:
    """Render an image file as half blocks: so many lines, and twice as many characters across.

    Raises:
        OSError: it is no image.
    """
    with Image.open(io.BytesIO(content)) as image:
        small = image.convert("RGB").resize((2 * rows, 2 * rows), Image.Resampling.LANCZOS)
    pixels = small.tobytes()
    text = Text(no_wrap=True)
    for row in range(rows):
        for column in range(2 * rows):
            upper, lower = (3 * ((2 * row + half) * 2 * rows + column) for half in (0, 1))
            text.append(HALF_BLOCK, Style(color=_colour(pixels, upper), bgcolor=_colour(pixels, lower)))
        text.append("\n" if row < rows - 1 else "")
    return text


def _colour(pixels: bytes, start: int) -> Color:
    return Color.from_rgb(*pixels[start : start + 3])
