"""Some of the evening's messages as an SVG file that needs nothing from anywhere."""

import asyncio
import io
import re
from pathlib import Path
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.terminal_theme import TerminalTheme

from sandbox.channel_view import message_view
from sandbox.covers import Covers
from sandbox.play import Play, Still
from sandbox.screen import cover_urls, view_of

WIDTH: Final = 84
"""Characters across."""
DISCORD: Final = TerminalTheme(
    (49, 51, 56),
    (219, 222, 225),
    [
        *((30, 31, 34), (237, 66, 69), (35, 165, 89), (240, 178, 50)),
        *((88, 101, 242), (235, 69, 158), (0, 168, 252), (219, 222, 225)),
    ],
)
"""Discord's dark colours: the background, the text, and eight more that are hardly used."""
_FOREIGN = re.compile(r"@font-face\s*\{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)


async def write_picture(path: Path, *, play: Play) -> None:
    """The stills of the evening stand in the file, in the order of their messages."""
    covers = Covers()
    await covers.fetch(cover_urls([still.message for still in play.stills]))
    stills = sorted(play.stills, key=lambda still: still.message.id)
    picture = svg(Group(*(_shown(still, play, covers) for still in stills)))
    await asyncio.to_thread(path.write_text, picture, encoding="utf-8")


def svg(picture: RenderableType) -> str:
    """The picture as SVG, without rich's web fonts: any fixed-width font will do."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Padding(picture, (1, 1, 0, 1)))
    drawn = console.export_svg(title="# songs", theme=DISCORD, font_aspect_ratio=0.6)
    return _FOREIGN.sub("", drawn).replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")


def _shown(still: Still, play: Play, covers: Covers) -> RenderableType:
    view = view_of(play.world, covers=covers, now=still.at)
    return Padding(message_view(still.message, view=view, state=still.state), (0, 0, 1, 0))
