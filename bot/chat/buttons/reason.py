"""The button that tells a member why a moderator ended their request."""

from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.text.formatting import reason_text


class WhyButton(SafeButton, template=r"why:(?P<request_id>[0-9]{15,20})"):
    """Button that tells the reason, for the member and for those who can decide about requests."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Answer with the reason, for them alone."""
        reason = interaction.services.approvals.reason(interaction.actor, self.request_id)
        await respond(interaction, reason_text(await run_or_defer(interaction, reason)))
