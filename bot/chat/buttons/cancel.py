"""The button that cancels a waiting request, and the form in which a moderator says why."""

import discord

from bot.chat.interactions.components import SafeButton, SafeModal
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import edit_source_message, respond, run_or_defer
from bot.chat.text import confirmations, labels
from bot.domain.errors import NotYoursError
from bot.services.audit_log import REASON_LIMIT


class CancelButton(SafeButton, template=r"cancel:(?P<request_id>[0-9]{15,20})(?::[0-9a-f]{1,20})?"):
    """Button that cancels a waiting request; moderators have to give its requester a reason."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Cancel the member's own request, whose status will say so, or ask a moderator for the reason.

        Raises:
            NotYoursError: it is another member's; or the database was too slow to open the form, which
                Discord takes as a first answer only.
        """
        cancelling = interaction.services.requests.cancel(
            self.request_id, guild_id=interaction.guild_id, user_id=interaction.user_id
        )
        try:
            await run_or_defer(interaction, cancelling, updates=True)
        except NotYoursError:
            if not interaction.is_moderator or interaction.raw.response.is_done():
                raise
            await interaction.raw.response.send_modal(CancelForm(interaction, self.request_id))
        else:
            # the outcome is told once, in the status, by the outbox: until then the button is gone
            await edit_source_message(interaction, view=discord.ui.View())


class CancelForm(SafeModal, title=labels.CANCEL_TITLE):
    """Form that asks a moderator for the reason, which the member reads."""

    reason: discord.ui.TextInput["CancelForm"] = discord.ui.TextInput(
        label=labels.REASON,
        style=discord.TextStyle.paragraph,
        min_length=1,
        max_length=REASON_LIMIT,
    )

    def __init__(self, interaction: GuildInteraction, request_id: int) -> None:
        super().__init__(interaction)
        self.request_id = request_id

    async def submitted(self, interaction: GuildInteraction) -> None:
        """Cancel the request for the moderator and confirm it."""
        by = interaction.require_moderator()
        cancelling = interaction.services.queue.cancel(by, self.request_id, reason=self.reason.value)
        cancelled = await run_or_defer(interaction, cancelling)
        await respond(interaction, confirmations.cancelled_by_moderator(cancelled.cost))
