"""The button that changes the period of everyone's allowance."""

import discord

from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import edit_source_message, run_or_defer
from bot.chat.text import confirmations
from bot.domain.quotas import Period, Policy


class PeriodButton(SafeButton, template=rf"everyone:(?P<amount>[0-9]{{1,7}}):(?P<period>{'|'.join(Period)})"):
    """Button that changes everyone's allowance and its period; for moderators only."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Change both, and say so in place of the question."""
        interaction.require_moderator()
        amount, period = int(self.match["amount"]), Period(self.match["period"])
        changing = set_default_allowance(interaction, amount, period)
        before = await run_or_defer(interaction, changing, updates=True)
        words = confirmations.default_allowance_set(amount, before, period)
        await edit_source_message(interaction, content=words, view=discord.ui.View())


async def set_default_allowance(interaction: GuildInteraction, amount: int, period: Period | None) -> Policy:
    """Set everyone's allowance; return the policy before.

    Raises:
        AmountError: the amount is out of range; nothing was changed.
    """
    services, by = interaction.services, interaction.require_moderator()
    before = (await services.guild_settings.effective(by.guild_id)).policy
    await services.allowances.set_default_allowance(by, amount=amount, period=period)
    return before
