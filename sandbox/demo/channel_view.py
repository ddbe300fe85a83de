"""Messages in a terminal, drawn as Discord draws them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.style import Style
from rich.styled import Styled
from rich.table import Table
from rich.text import Text

from sandbox.demo.markup import LINK, Reader, readable
from sandbox.demo.mp3_length import mp3_length_s
from sandbox.discord.model.message import Attachment, Message
from sandbox.discord.payloads import Payload, entries, entry, number, text
from sandbox.discord.rules.components import BUTTON, LINK_STYLE

EMBED_WIDTH = 76
"""Embeds are no wider than this, however wide the terminal is."""
FIELDS_PER_ROW = 3
NAME_COLOURS = ("#ff7eb6", "#42be65", "#ffb784", "#78a9ff", "#d4bbff")
KB = 1000


def no_cover(_: str) -> None:
    """Return no cover: for outputs that draw none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How messages are drawn: the names of their authors, the time, and the covers."""

    names: Mapping[int, str]
    """People, by user id."""
    now: datetime
    cover: Callable[[str], Text | None] = field(default=no_cover)
    compact: bool = False
    """Whether a low terminal has to make do: heads and fields take one line where Discord takes two."""

    @property
    def reader(self) -> Reader:
        """Return a reader of texts with the same names and time."""
        return Reader(names=self.names, now=self.now)

    def name(self, user_id: int) -> Text:
        """Return a person's name in the person's colour."""
        place = sorted(self.names).index(user_id) if user_id in self.names else 0
        return Text(
            self.names.get(user_id, "unknown-user"), f"bold {NAME_COLOURS[place % len(NAME_COLOURS)]}"
        )


class Barred:
    """Content with a coloured bar along its left edge."""

    def __init__(self, inside: RenderableType, *, colour: str) -> None:
        self._inside = inside
        self._bar = Segment("▌ ", Style.parse(colour))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield every line of it behind a piece of the bar."""
        width = max(1, min(options.max_width, EMBED_WIDTH) - 2)
        for line in console.render_lines(self._inside, options.update(width=width), pad=False):
            yield self._bar
            yield from line
            yield Segment.line()


def message_view(message: Message, *, view: View) -> RenderableType:
    """Return a message as it is now; dimmed if one person alone sees it."""
    state = message.now
    parts: list[RenderableType] = [_head(message, view)]
    if message.loading:
        parts.append(Text(f"{message.author.name} is thinking...", "italic"))
    if state.content:
        parts.append(readable(state.content, reader=view.reader))
    parts += [_file(attachment) for attachment in state.attachments]
    for place, embed in enumerate(state.embeds):
        parts += [Text()] if place and not view.compact else []
        parts.append(_embed(embed, view))
    parts += [Buttons(entries(row, "components")) for row in state.components]
    if message.visible_to is None:
        return Group(*parts)
    only = Text.assemble("Only ", view.name(message.visible_to), " can see this", style="italic")
    return Styled(Group(*parts, only), "dim")


def _head(message: Message, view: View) -> RenderableType:
    """Return the author, the time, and the command that the message answers."""
    used = entry(message.interaction, "user")
    head, command = Text(no_wrap=True, overflow="ellipsis"), Text()
    if message.command_name:
        command.append_text(view.name(number(used, "id"))).append(" used ")
        command.append(f"/{message.command_name}", LINK)
    if command and not view.compact:
        head.append("╭─ ", "dim").append_text(command).append("\n")
    author = Text(message.author.name, "bold") if message.author.is_bot else view.name(message.author.id)
    head.append_text(author)
    if message.author.is_bot:
        head.append(" ").append(" APP ", "bold white on #5865f2")
    head.append(f"  {message.created_at.astimezone():%H:%M}", "dim")
    return head.append("  ↰ ", "dim").append_text(command) if command and view.compact else head


def _embed(embed: Payload, view: View) -> RenderableType:
    parts: list[RenderableType] = []
    if title := text(embed, "title"):
        shown = readable(title, reader=view.reader)
        shown.stylize(f"bold {LINK}" if embed.get("url") else "bold")
        parts.append(shown)
    if description := text(embed, "description"):
        parts.append(readable(description, reader=view.reader))
    parts += _fields(entries(embed, "fields"), view)
    if footer := text(entry(embed, "footer"), "text"):
        parts.append(Text(footer, "dim"))
    inside: RenderableType = Group(*parts)
    if cover := view.cover(text(entry(embed, "thumbnail"), "url")):
        beside = Table.grid(padding=(0, 2), expand=True)
        beside.add_column(ratio=1)
        beside.add_column(width=max(map(len, cover.plain.splitlines())))
        beside.add_row(inside, cover)
        inside = beside
    return Barred(inside, colour=f"#{number(embed, 'color'):06x}")


def _fields(fields: Sequence[Payload], view: View) -> list[RenderableType]:
    """Yield the fields: inline ones beside each other, the others below each other."""
    parts: list[RenderableType] = []
    row: list[Text] = []
    for one in fields:
        inline = bool(one.get("inline"))
        if row and (not inline or len(row) == FIELDS_PER_ROW):
            parts.append(_side_by_side(row))
            row = []
        (row if inline else parts).append(_field(one, view))
    return [*parts, _side_by_side(row)] if row else parts


def _field(field_payload: Payload, view: View) -> Text:
    value = readable(text(field_payload, "value"), reader=view.reader)
    on_one_line = view.compact and "\n" not in value.plain
    return Text.assemble((text(field_payload, "name"), "bold"), "  " if on_one_line else "\n", value)


def _side_by_side(cells: Sequence[Text]) -> Table:
    grid = Table.grid(padding=(0, 3, 0, 0))
    for _ in range(FIELDS_PER_ROW):
        grid.add_column(min_width=12)
    grid.add_row(*cells)
    return grid


def _file(attachment: Attachment) -> RenderableType:
    """Return a file's name, duration and size."""
    length_s = mp3_length_s(attachment.content)
    facts = [f"{int(length_s) // 60}:{int(length_s) % 60:02}"] if length_s else []
    facts.append(size(len(attachment.content)))
    return Text.assemble(("♪ ", LINK), (attachment.filename, LINK), (f"  {' · '.join(facts)}", "dim"))


def size(count: int) -> str:
    """Return so many bytes, as Discord writes them."""
    if count >= KB * KB:
        return f"{count / KB / KB:.2f} MB"
    return f"{count / KB:.0f} KB" if count >= KB else f"{count} bytes"


class Buttons:
    """A row of buttons, each on one line; those that do not fit go below."""

    def __init__(self, parts: Sequence[Payload]) -> None:
        self._labels = [button_label(part) for part in parts]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the rows, each with as many buttons as there is room for."""
        line = Text(no_wrap=True, overflow="ellipsis")
        for label in self._labels:
            button = Text(f"[{label}]", "bold white on #4e5058")
            if line and line.cell_len + 1 + button.cell_len > options.max_width:
                yield line
                line = Text(no_wrap=True, overflow="ellipsis")
            line.append(" " if line else "").append_text(button)
        yield line


def button_label(part: Payload) -> str:
    """Return the label of a button or select; an arrow marks a link."""
    label = text(part, "label") or text(part, "placeholder") or "Make a selection"
    if part["type"] != BUTTON:
        return f"{label} ▾"
    return f"{label} ↗" if part.get("style") == LINK_STYLE else label


def channel_view(messages: Sequence[Message], *, view: View) -> RenderableType:
    """Return messages below each other, the newest last."""
    return Group(*(Padding(message_view(message, view=view), (0, 0, 1, 0)) for message in messages))
