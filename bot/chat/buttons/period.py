"""The button that changes the period of everyone's allowance."""

import discord

from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import edit_source_message, run_or_defer
from bot.chat.panel import EVERYONE
from bot.domain.quotas import Period


class PeriodButton(SafeButton, template=rf"everyone:(?P<amount>[0-9]{{1,7}}):(?P<period>{'|'.join(Period)})"):
    """Button that changes everyone's allowance and its period; for moderators only."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Change both, and say so in place of the question."""
        by = interaction.require_moderator()
        amount, period = int(self.match["amount"]), Period(self.match["period"])
        changing = EVERYONE.change(interaction, by, amount=amount, period=period)
        words = await run_or_defer(interaction, changing, updates=True)
        await edit_source_message(interaction, content=words, view=discord.ui.View())
