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
    """Form that asks for the reason, which the member reads: a usual one, or the moderator's own words."""

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
        self.add_item(discord.ui.Label(text=labels.PUBLIC_REASON, component=self.reason))

    async def submitted(self, interaction: GuildInteraction) -> None:
        """Decline the request and confirm it; the moderator's own words come before a usual reason."""
        by = interaction.require_moderator()
        reason = self.reason.value.strip() or "".join(self.usual.values)
        declining = interaction.services.approvals.decline(by, self.request_id, reason=reason)
        request = await run_or_defer(interaction, declining)
        await respond(interaction, confirmations.declined(request.cost))
