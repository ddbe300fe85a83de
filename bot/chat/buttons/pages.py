"""Paginated lists for one member; the buttons' ids hold all that a page needs, so they survive a restart."""

import re
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self, TypeVar

import discord

from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.respond import AnyInteraction, Reply, edit_source_message, respond, run_or_defer
from bot.chat.messages import colours
from bot.chat.text.formatting import DESCRIPTION_LIMIT
from bot.services.library.pagination import Page

T = TypeVar("T")


class Step(StrEnum):
    """The page that a button leads to."""

    FIRST = "first"
    BACK = "back"
    ON = "on"


SIGNS = {
    Step.FIRST: "«",
    Step.BACK: "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
    Step.ON: "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """One page of a list, as it is shown."""

    embed: discord.Embed
    number: int
    """Page number, from 0."""
    pages: int


def page_view(page: Page[T], line: Callable[[T], str], *, title: str, nothing: str) -> PageView:
    """Build a page with a line per item, as many as fit in an embed; `nothing` is its text without items."""
    text = ""
    for words in map(line, page.items):
        if len(text) + len(words) < DESCRIPTION_LIMIT:
            text = f"{text}\n{words}" if text else words
    embed = discord.Embed(title=title, description=text or nothing, colour=colours.LIST)
    if page.pages > 1:
        embed.set_footer(text=f"Page {page.number + 1:,} of {page.pages:,} · {page.total:,} in all")
    return PageView(embed=embed, number=page.number, pages=page.pages)


def custom_id_template(name: str) -> str:
    """Return the pattern of the custom ids of a list's buttons; each list has a name of its own."""
    steps = "|".join(Step)
    return rf"page:(?P<name>{name}):(?P<step>{steps}):(?P<topic>[a-z0-9]{{0,20}}):(?P<number>[0-9]{{1,6}})"


class PageButton(SafeButton, template=r"(?!)"):
    """Button that leads to another page.

    A list is a subclass with a name, its template `custom_id_template(name)`, and `page`.
    """

    name: ClassVar[str]
    """The list's name."""

    def __init__(self, step: Step, topic: str, number: int, *, disabled: bool = False) -> None:
        super().__init__(
            discord.ui.Button(
                label=SIGNS[step], custom_id=f"page:{self.name}:{step}:{topic}:{number}", disabled=disabled
            )
        )
        self.topic = topic
        self.number = number

    @classmethod
    def from_match(cls, match: re.Match[str]) -> Self:
        """Create the button from a match of its custom id."""
        return cls(Step(match["step"]), match["topic"], int(match["number"]))

    @classmethod
    @abstractmethod
    async def page(cls, interaction: AnyInteraction, topic: str, number: int) -> PageView:
        """Return the page with this number, or the last page; `topic` is that of `open`."""
        ...

    @classmethod
    async def open(cls, interaction: AnyInteraction, topic: str = "") -> None:
        """Answer with the first page, for the member alone."""
        page = await run_or_defer(interaction, cls.page(interaction, topic, 0))
        await respond(interaction, Reply(embeds=[page.embed], view=cls.buttons(page, topic)))

    async def pressed(self, interaction: AnyInteraction) -> None:
        """Show the page in place of the current one."""
        page = await run_or_defer(interaction, self.page(interaction, self.topic, self.number), updates=True)
        await edit_source_message(interaction, embed=page.embed, view=self.buttons(page, self.topic))

    @classmethod
    def buttons(cls, page: PageView, topic: str) -> discord.ui.View:
        """Build the buttons below the page; none if it is the only one."""
        view = discord.ui.View(timeout=None)
        if page.pages > 1:
            at_start, at_end = page.number == 0, page.number >= page.pages - 1
            view.add_item(cls(Step.FIRST, topic, 0, disabled=at_start))
            view.add_item(cls(Step.BACK, topic, max(page.number - 1, 0), disabled=at_start))
            view.add_item(cls(Step.ON, topic, page.number + 1, disabled=at_end))
        return view
