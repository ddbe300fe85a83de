"""The demo as a live channel on the whole terminal: the newest at the bottom, edited in place."""

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.rule import Rule
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from sandbox.demo.channel_view import View, channel_view
from sandbox.demo.covers import ROWS, Covers
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import entry, text
from sandbox.world import World

FRAME_S = 0.15
DATE = re.compile(r"^\d{4}-\d\d-\d\d |(?<=:\d\d),\d{3}(?= )")
"""What a line of the log can do without here: the day and the milliseconds."""
RECENT = 12
"""More messages than any terminal shows."""
TALL = 34
"""From this many lines on there is room for everything as Discord has it."""
COMPACT_ROWS = 4
"""Lines of a cover where there is less."""
HEADING = "bold white on #404eed"


class ChannelScreen:
    """An output that draws the channel, what somebody is typing and the end of the bot's log."""

    def __init__(self, world: World, *, console: Console) -> None:
        self._world = world
        self._console = console
        self._covers = Covers(rows=ROWS if self._tall else COMPACT_ROWS)
        self._title = "The bot is starting"
        self._typed: deque[Text] = deque([Text()] * 2, maxlen=2)
        self._began_at = datetime.now(UTC)
        self._live = Live(console=console, screen=True, auto_refresh=False, redirect_stderr=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def begin_part(self, title: str) -> None:
        """Begin a new part of the script."""
        self._title = title

    def typed(self, name: str, line: str) -> None:
        """Show what somebody types or presses."""
        person = self._world.discord.member(name)
        between = Text(" ▸ ", "dim") if line.startswith("/") else Text(" ")
        self._typed.append(Text.assemble(self.view().name(person.id), between, line))

    def note(self, words: str) -> None:
        """Show what is not in the channel."""
        self._typed.append(Text(words, "italic"))

    async def watch(self) -> None:
        """Draw until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fetch_covers())
            while True:
                self._live.update(self, refresh=True)
                await asyncio.sleep(FRAME_S)

    def close(self) -> None:
        """Do nothing: the screen is up to date."""

    def whole(self) -> RenderableType:
        """Return the whole channel as it is now, not only what there is room for."""
        return channel_view(self._messages(), view=self.view())

    def view(self) -> View:
        """Return how messages look now."""
        return replace(view_of(self._world, covers=self._covers), compact=not self._tall)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield one frame, exactly as high as the terminal."""
        height = options.height or options.size.height
        top = console.render_lines(self._heading(), options.update(height=None))
        bottom = console.render_lines(self._footer(options.max_width), options.update(height=None))
        room = max(1, height - len(top) - len(bottom))
        inside = options.update(width=max(1, options.max_width - 2), height=None)
        body = console.render_lines(channel_view(self._messages()[-RECENT:], view=self.view()), inside)
        body = [[Segment(" "), *line] for line in body[-room:]]
        body = [[Segment("")]] * (room - len(body)) + body
        lines = [*top, *body, *bottom][:height]
        for number, line in enumerate(lines):
            yield from line
            if number < len(lines) - 1:
                yield Segment.line()

    @property
    def _tall(self) -> bool:
        return self._console.size.height >= TALL

    def _messages(self) -> Sequence[Message]:
        return [one for one in songs_channel(self._world) if not one.deleted]

    def _heading(self) -> Table:
        passed_s = (datetime.now(UTC) - self._began_at).total_seconds()
        line = Table.grid(expand=True)
        line.style = HEADING
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        line.add_column(justify="right", no_wrap=True)
        line.add_row(f" # songs   {self._title}", f"{passed_s:.0f} s ")
        return line

    def _footer(self, width: int) -> Group:
        typed = list(self._typed)[0 if self._tall else 1 :]
        log = self._world.bot.log_tail(4 if self._tall else 2)
        lines = [Text(DATE.sub("", line), "dim") for line in log]
        between = [Rule("the bot's log", style="dim", align="left")] if self._tall else []
        return Group(
            Rule(style="dim"),
            *(self._cut(line, width) for line in typed),
            *between,
            *(self._cut(line, width) for line in lines),
        )

    @staticmethod
    def _cut(text: Text, width: int) -> Text:
        line = Text.assemble(" ", text, no_wrap=True, overflow="ellipsis")
        line.truncate(width, overflow="ellipsis")
        return line

    async def _fetch_covers(self) -> None:
        """Fetch the covers of new messages; drawing never waits for one."""
        while True:
            await self._covers.fetch(cover_urls(self._messages()))
            await asyncio.sleep(FRAME_S)


def songs_channel(world: World) -> list[Message]:
    """Return all messages of the demo's channel, deleted ones too."""
    return world.discord.channel("songs").messages


def view_of(world: World, *, covers: Covers, now: datetime | None = None) -> View:
    """Return how the messages of a world look at a time, now if none is given."""
    names = {user.id: user.name for user in world.discord.state.world.users.values()}
    return View(names=names, now=now or datetime.now(UTC), cover=covers.get)


def cover_urls(messages: Sequence[Message]) -> list[str]:
    """Return the addresses of all pictures in embeds."""
    urls = (text(entry(embed, "thumbnail"), "url") for message in messages for embed in message.embeds)
    return [url for url in urls if url]
