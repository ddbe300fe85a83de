"""The demo as plain lines, one for each event: for pipes, files, and terminals without colours."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TextIO

from sandbox.demo.channel_view import button_label, size
from sandbox.demo.markup import Reader, readable
from sandbox.discord import LocalDiscord
from sandbox.discord.event_feed import FeedEvent, FeedEventKind
from sandbox.discord.model.message import Message, MessageState
from sandbox.discord.payloads import Payload, entries, entry, text

SEPARATOR = " | "


class PlainOutput:
    """An output that writes one line for each event, with the seconds since the beginning."""

    def __init__(self, discord: LocalDiscord, *, output: TextIO) -> None:
        self._discord = discord
        self._output = output
        self._began_at = datetime.now(UTC)
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._unsubscribe: Callable[[], None] = discord.subscribe(self._on_change)

    def begin_part(self, title: str) -> None:
        """Begin a new part of the script."""
        self._lines.put_nowait(f"\n== {title} ==")

    def typed(self, name: str, line: str) -> None:
        """Write what somebody types or presses."""
        self._tell(f"{name}: {line}" if line.startswith("/") else f"{name} {line}")

    def note(self, words: str) -> None:
        """Write what is not in the channel."""
        self._tell(f"({words})")

    async def watch(self) -> None:
        """Write until cancelled."""
        while True:
            self._write(await self._lines.get())

    def close(self) -> None:
        """Write everything that happened, and stop."""
        self._unsubscribe()
        while not self._lines.empty():
            self._write(self._lines.get_nowait())

    def _on_change(self, change: FeedEvent) -> None:
        if change.message_id is None or change.channel_id is None:
            return
        message = self._discord.state.world.channels[change.channel_id].message(change.message_id)
        if message is None or not message.author.is_bot:
            return
        lines = list(state_lines(message, message.now, reader=self._reader()))
        if change.kind is FeedEventKind.MESSAGE_EDITED:
            before = set(state_lines(message, message.states[-2], reader=self._reader()))
            lines = [line for line in lines if line not in before]
        if lines:
            self._tell(f"{self._lead(message, change.kind)}: {SEPARATOR.join(lines)}")

    def _lead(self, message: Message, kind: FeedEventKind) -> str:
        """Return who says this and to whom."""
        asker = text(entry(message.interaction, "user"), "global_name")
        verb = "edits" if kind is FeedEventKind.MESSAGE_EDITED else "answers" if asker else "posts"
        whose = f" {asker}" if asker and verb == "answers" else ""
        whose = f" the answer to {asker}" if asker and verb == "edits" else whose
        seen = self._reader().names.get(message.visible_to or 0)
        return f"{message.author.name} {verb}{whose}" + (f" (only {seen} can see this)" if seen else "")

    def _reader(self) -> Reader:
        users = self._discord.state.world.users.values()
        return Reader(names={user.id: user.name for user in users}, now=datetime.now(UTC))

    def _tell(self, words: str) -> None:
        passed_s = (datetime.now(UTC) - self._began_at).total_seconds()
        self._lines.put_nowait(f"{passed_s:5.1f} s  {words}")

    def _write(self, line: str) -> None:
        print(line, file=self._output, flush=True)


def state_lines(message: Message, state: MessageState, *, reader: Reader) -> Iterator[str]:
    """Return what a message shows in one of its states."""
    if message.loading and state is message.now:
        yield "(is thinking)"
    yield from readable(state.content, reader=reader).plain.splitlines()
    for file in state.attachments:
        yield f"[file {file.filename}, {size(len(file.content))}]"
    for embed in state.embeds:
        yield from _embed_lines(embed, reader)
    for row in state.components:
        yield " ".join(f"[{button_label(part)}]" for part in entries(row, "components"))


def _embed_lines(embed: Payload, reader: Reader) -> Iterator[str]:
    for part in ("title", "description"):
        yield from readable(text(embed, part), reader=reader).plain.splitlines()
    for one in entries(embed, "fields"):
        value = readable(text(one, "value"), reader=reader).plain.replace("\n", "; ")
        yield f"{text(one, 'name')}: {value}"
    if footer := text(entry(embed, "footer"), "text"):
        yield footer
