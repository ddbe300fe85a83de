"""The buttons with which requests are approved and declined, and the form for the reason."""

from collections.abc import Coroutine

import discord

from bot.chat.interactions.components import SafeButton, SafeModal
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.text import confirmations, labels
from bot.domain.requests import Request
from bot.domain.song_form import FormUnavailableError
from bot.services.audit_log import REASON_LIMIT


class ApproveButton(SafeButton, template=r"approve:(?P<request_id>[0-9]{15,20})"):
    """Button that puts a request into the queue."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Approve the request and confirm it."""
        approving = interaction.services.approvals.approve(interaction.actor, self.request_id)
        request = await run_or_defer(interaction, approving)
        await respond(interaction, confirmations.approved(request.user_id))


class DeclineButton(SafeButton, template=r"decline:(?P<request_id>[0-9]{15,20})"):
    """Button that opens the form to decline a request."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Open the form for somebody who can decide.

        It has to be the first answer, so nothing is read from the database for moderators.

        Raises:
            NotDeciderError: they cannot.
            FormUnavailableError: the database did not tell in time.
        """
        await run_or_defer(interaction, interaction.services.approvals.check(interaction.actor))
        if interaction.raw.response.is_done():
            raise FormUnavailableError
        await interaction.raw.response.send_modal(self.form(interaction))

    def form(self, interaction: GuildInteraction) -> "DeclineForm":
        """Return the form."""
        return DeclineForm(interaction, self.request_id)


class DeclineForm(SafeModal, title=labels.DECLINE_TITLE):
    """Form that asks for the reason, which the member reads: a usual one, or one's own words."""

    def __init__(self, interaction: GuildInteraction, request_id: int) -> None:
        super().__init__(interaction)
        self.request_id = request_id
        self.usual = discord.ui.Select[discord.ui.Modal](
            placeholder=labels.OWN_REASON,
            options=[discord.SelectOption(label=reason) for reason in labels.USUAL_REASONS],
            required=False,
        )
        self.reason = discord.ui.TextInput[discord.ui.Modal](
            style=discord.TextStyle.paragraph, required=False, max_length=REASON_LIMIT
        )
        self.add_item(discord.ui.Label(text=labels.USUAL_REASON, component=self.usual))
        self.add_item(discord.ui.Label(text=labels.REASON, component=self.reason))

    async def submitted(self, interaction: GuildInteraction) -> None:
        """Decline the request and confirm it."""
        request = await run_or_defer(interaction, self.declining(interaction))
        await respond(interaction, confirmations.declined(request.cost))

    def declining(self, interaction: GuildInteraction) -> Coroutine[object, object, Request]:
        """Return the call that declines the request; one's own words come before a usual reason.

        The reason is read at once: a form that is sent again has other values by the time the call runs.
        """
        reason = self.reason.value.strip() or "".join(self.usual.values)
        return interaction.services.approvals.decline(interaction.actor, self.request_id, reason=reason)
