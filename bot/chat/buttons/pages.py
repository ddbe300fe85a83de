"""Paginated lists for one member; the buttons' ids hold all that a page needs, so they survive a restart."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, TypeVar

import discord

from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import edit_source_message, respond, run_or_defer
from bot.chat.messages import colours
from bot.chat.messages.buttons import Button, button
from bot.chat.messages.rendered import RenderedMessage
from bot.chat.text import labels
from bot.chat.text.formatting import DESCRIPTION_LIMIT
from bot.services.pagination import Page

T = TypeVar("T")


class Step(StrEnum):
    """The page that a button leads to."""

    FIRST = "first"
    BACK = "back"
    ON = "on"
    LAST = "last"


SIGNS = {
    Step.FIRST: labels.FIRST_PAGE,
    Step.BACK: labels.PREVIOUS_PAGE,
    Step.ON: labels.NEXT_PAGE,
    Step.LAST: labels.LAST_PAGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """One page of a list, as it is shown."""

    embed: discord.Embed
    number: int
    """Page number, from 0."""
    pages: int
    items: tuple[Button, ...] = ()
    """Buttons of what is on the page, each with its row."""


def page_view(page: Page[T], line: Callable[[T], str], *, title: str, nothing: str) -> PageView:
    """Build a page with a line per item, as many as fit in an embed; `nothing` is its text without items."""
    text = ""
    for words in map(line, page.items):
        if len(text) + len(words) < DESCRIPTION_LIMIT:
            text = f"{text}\n{words}" if text else words
    embed = discord.Embed(title=title, description=text or nothing, colour=colours.LIST)
    if page.pages > 1:
        total = f"the newest {page.total:,}" if page.is_cut else f"{page.total:,} in all"
        embed.set_footer(text=f"Page {page.number + 1:,} of {page.pages:,} · {total}")
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

    @classmethod
    @abstractmethod
    async def page(cls, interaction: GuildInteraction, topic: str, number: int) -> PageView:
        """Return the page with this number, or the last page; `topic` is that of `open`."""
        ...

    @classmethod
    async def open(cls, interaction: GuildInteraction, topic: str = "") -> None:
        """Answer with the first page, for the member alone."""
        page = await run_or_defer(interaction, cls.page(interaction, topic, 0))
        await respond(interaction, RenderedMessage(embeds=[page.embed], view=cls.buttons(page, topic)))

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Show the page in place of the current one."""
        topic, number = self.match["topic"], int(self.match["number"])
        page = await run_or_defer(interaction, self.page(interaction, topic, number), updates=True)
        buttons = self.buttons(page, topic)
        await edit_source_message(interaction, content="", embeds=[page.embed], view=buttons)

    @classmethod
    def buttons(cls, page: PageView, topic: str) -> discord.ui.View:
        """Build the buttons below the page; none if it is the only one."""
        view = discord.ui.View(timeout=None)
        for item in page.items:
            view.add_item(item)
        if page.pages > 1:
            at_start, at_end = page.number == 0, page.number >= page.pages - 1
            for step, number, disabled in (
                (Step.FIRST, 0, at_start),
                (Step.BACK, max(page.number - 1, 0), at_start),
                (Step.ON, page.number + 1, at_end),
                (Step.LAST, page.pages - 1, at_end),
            ):
                custom_id = f"page:{cls.name}:{step}:{topic}:{number}"
                view.add_item(button(SIGNS[step], custom_id, disabled=disabled))
        return view
