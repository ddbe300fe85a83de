"""`/quota`: what moderators see and decide of their server's credits."""

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.charts import TOP, report_alt, report_chart, report_csv
from bot.chat.client import InspireClient
from bot.chat.moderators import MODERATORS, require_moderator
from bot.chat.names import names_of
from bot.chat.showing import Attachment, outcome, show_files
from bot.chat.texts import in_credits
from bot.services.quotas import Quotas
from bot.services.reports import MAX_DAYS, Report

Days: TypeAlias = app_commands.Range[int, 1, MAX_DAYS]
USUAL_DAYS = 30


@app_commands.default_permissions(MODERATORS)
class Quota(commands.GroupCog, group_name="quota", group_description="Your server's credits"):
    """A server's credits, for its moderators."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas

    async def interaction_check(self, interaction: discord.Interaction[discord.Client], /) -> bool:
        """Moderators only, whatever the server's own settings for commands say."""
        require_moderator(interaction)
        return True

    @app_commands.command()
    @app_commands.describe(days=f"How many days back, today included (UTC); {USUAL_DAYS} if left out")
    async def report(self, interaction: discord.Interaction[InspireClient], days: Days = USUAL_DAYS) -> None:
        """See who used how many credits on which day: a chart, and a table for spreadsheets."""
        report, attachments = await outcome(interaction, self._drawn(interaction, days), ephemeral=True)
        await show_files(interaction, _words(report), attachments)

    async def _drawn(
        self, interaction: discord.Interaction[InspireClient], days: int
    ) -> tuple[Report, Sequence[Attachment]]:
        guild_id = interaction.guild_id or 0
        report = await self._quotas.report(guild_id, days)
        named = (use.user_id for use in report.members[:TOP])
        names = await names_of(interaction.client, guild_id, named)
        chart = await asyncio.to_thread(report_chart, report, names)
        return report, (
            Attachment("credits.png", chart, report_alt(report, names)),
            Attachment("credits.csv", report_csv(report, names), "The same numbers as a table"),
        )


def _words(report: Report) -> str:
    days = len(report.days)
    span = "today" if days == 1 else f"in the last {days} days"
    if not report.credits:
        return f"No credits were used {span} (UTC)."
    songs = "1 song" if report.songs == 1 else f"{report.songs:,} songs"
    return f"**{in_credits(report.credits)}** used for {songs} {span} (UTC)."
