"""The buttons with which moderators approve and decline requests, and the form for the reason."""

import discord

from bot.chat.interactions.components import SafeButton, SafeModal
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.text import confirmations, labels
from bot.services.audit_log import REASON_LIMIT


class ApproveButton(SafeButton, template=r"approve:(?P<request_id>[0-9]{15,20})"):
    """Button that puts a request into the queue; for moderators only."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Approve the request and confirm it."""
        by = interaction.require_moderator()
        approving = interaction.services.approvals.approve(by, self.request_id)
        request = await run_or_defer(interaction, approving)
        await respond(interaction, confirmations.approved(request.user_id))


class DeclineButton(SafeButton, template=r"decline:(?P<request_id>[0-9]{15,20})"):
    """Button that opens the form to decline a request; for moderators only."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Open the form; it has to be the first answer, so nothing is read from the database before it."""
        interaction.require_moderator()
        await interaction.raw.response.send_modal(DeclineForm(interaction, self.request_id))


class DeclineForm(SafeModal, title=labels.DECLINE_TITLE):
    """Form that asks for the reason, which the member reads."""

    reason: discord.ui.TextInput["DeclineForm"] = discord.ui.TextInput(
        label=labels.PUBLIC_REASON,
        style=discord.TextStyle.paragraph,
        min_length=1,
        max_length=REASON_LIMIT,
    )

    def __init__(self, interaction: GuildInteraction, request_id: int) -> None:
        super().__init__(interaction)
        self.request_id = request_id

    async def submitted(self, interaction: GuildInteraction) -> None:
        """Decline the request and confirm it."""
        by = interaction.require_moderator()
        approvals = interaction.services.approvals
        declining = approvals.decline(by, self.request_id, reason=self.reason.value)
        request = await run_or_defer(interaction, declining)
        await respond(interaction, confirmations.declined(request.cost))
