"""The list of requests that await approval, with the buttons that decide about each from there."""

from collections.abc import Coroutine, Iterator

from typing_extensions import override

from bot.chat.buttons.approval import DeclineButton, DeclineForm
from bot.chat.buttons.pages import PageButton, PageView, custom_id_template, page_view
from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import edit_source_message, run_or_defer
from bot.chat.messages.buttons import Button, pending_buttons
from bot.chat.messages.queue import NONE_PENDING, PENDING_TITLE, pending_line
from bot.chat.text import confirmations
from bot.chat.text.errors import sentence
from bot.domain.errors import RequestNotFoundError
from bot.domain.moderator_errors import DecidedError, NoneAwaitingError, ReasonError
from bot.services.moderation.approvals import PendingRequest
from bot.services.pagination import Page

ID = r"(?P<request_id>[0-9]{15,20}):(?P<page>[0-9]{1,6})"
"""The last parts of a button's custom id: whom it is about, and the page that is shown afterwards."""


class PendingPages(PageButton, template=custom_id_template("pending")):
    """List of the requests that await approval."""

    name = "pending"

    @classmethod
    async def page(cls, interaction: GuildInteraction, topic: str, number: int) -> PageView:  # noqa: ARG003 - there is one list
        """Return one page of requests, oldest first."""
        page = await interaction.services.approvals.pending(interaction.actor, number)
        numbered = {pending.request.id: number for number, pending in enumerate(page.items, 1)}
        view = page_view(
            page,
            lambda pending: pending_line(pending, numbered[pending.request.id]),
            title=PENDING_TITLE,
            nothing=NONE_PENDING,
        )
        return PageView(embed=view.embed, number=view.number, pages=view.pages, items=tuple(_buttons(page)))


def _buttons(page: Page[PendingRequest]) -> Iterator[Button]:
    """Yield a row of buttons for each request; the first of a member's has the button for all of them."""
    members: set[int] = set()
    for row, pending in enumerate(page.items):
        has_all = pending.of_member > 1 and pending.request.user_id not in members
        members.add(pending.request.user_id)
        for item in pending_buttons(pending, row + 1, page.number, has_all=has_all):
            item.row = row
            yield item


class PendingListButton(SafeButton, template=r"pending"):
    """Button that opens the list."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Answer with the first page."""
        await PendingPages.open(interaction)


class ApproveListed(SafeButton, template=f"pending-approve:{ID}"):
    """Button that approves a request of the list."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Approve it and show what is left."""

        async def approve() -> str:
            request = await interaction.services.approvals.approve(interaction.actor, self.request_id)
            return confirmations.approved(request.user_id)

        await _decide(interaction, approve(), int(self.match["page"]))


class ApproveAllListed(SafeButton, template=f"pending-all:{ID}"):
    """Button that approves all requests of a member, whose id is in the place of a request's."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Approve them and show what is left."""
        user_id = self.request_id

        async def approve() -> str:
            count = await interaction.services.approvals.approve_all(interaction.actor, user_id)
            return confirmations.all_approved(user_id, count)

        await _decide(interaction, approve(), int(self.match["page"]))


class DeclineListed(DeclineButton, template=f"pending-decline:{ID}"):
    """Button that opens the form to decline a request of the list."""

    @override
    def form(self, interaction: GuildInteraction) -> DeclineForm:
        return ListedDeclineForm(interaction, self.request_id, int(self.match["page"]))


class ListedDeclineForm(DeclineForm):
    """Form to decline a request of the list, which then shows what is left."""

    def __init__(self, interaction: GuildInteraction, request_id: int, page: int) -> None:
        super().__init__(interaction, request_id)
        self.page = page

    async def submitted(self, interaction: GuildInteraction) -> None:
        """Decline the request and show what is left."""
        declining = self.declining(interaction)

        async def decline() -> str:
            return confirmations.declined((await declining).cost)

        await _decide(interaction, decline(), self.page)


async def _decide(
    interaction: GuildInteraction, deciding: Coroutine[object, object, str], number: int
) -> None:
    """Carry out a decision, and show what is left, below what was done or who was faster."""
    try:
        note = await run_or_defer(interaction, deciding, updates=True)
    except (DecidedError, NoneAwaitingError, RequestNotFoundError, ReasonError) as error:
        note = sentence(error) or ""
    page = await PendingPages.page(interaction, "", number)
    await edit_source_message(
        interaction, content=note, embeds=[page.embed], view=PendingPages.buttons(page, "")
    )
