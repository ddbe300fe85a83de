"""`/quota`: moderators' view and control of their server's credits."""

from collections.abc import Sequence
from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.interactions.components import command
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import MODERATORS, ForModerators
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.interactions.transformers import PeriodOption, TargetOption
from bot.chat.messages.audit import audit_log_message, members_of
from bot.chat.messages.buttons import period_button
from bot.chat.messages.credits import member_credits_message, report_embeds
from bot.chat.messages.files import ReportFiles
from bot.chat.messages.rendered import Attachment, RenderedMessage
from bot.chat.name_cache import NameCache
from bot.chat.panel import BUDGET, EVERYONE, ROLES
from bot.chat.panel.view import answer_command
from bot.chat.text import confirmations, descriptions
from bot.domain.guild_settings import MAX_CREDITS
from bot.domain.moderator_errors import NoneAndValueError
from bot.services import Services
from bot.services.audit_log import REASON_LIMIT
from bot.services.credits.reports import MAX_DAYS, Report
from bot.services.moderation.members import TargetMember, check_amount

Days: TypeAlias = app_commands.Range[int, 1, MAX_DAYS]
USUAL_DAYS = 30


Credits: TypeAlias = app_commands.Range[int, 0, MAX_CREDITS]
Grant: TypeAlias = app_commands.Range[int, 1, MAX_CREDITS]
Reason: TypeAlias = app_commands.Range[str, 1, REASON_LIMIT]


@app_commands.default_permissions(MODERATORS)
class Quota(ForModerators, commands.GroupCog, group_name="quota", group_description=descriptions.QUOTA_GROUP):
    """A server's credits, for its moderators."""

    def __init__(self, services: Services) -> None:
        self._quotas = services.quotas
        self._moderation = services.members
        self._allowances = services.allowances
        self._names = NameCache()
        self._settings = services.guild_settings
        self.files = ReportFiles()

    async def cog_unload(self) -> None:
        """Stop the thread that draws charts."""
        self.files.close()

    @command()
    @app_commands.describe(**descriptions.QUOTA_SHOW)
    async def show(self, interaction: GuildInteraction, member: TargetOption) -> None:
        """See a member's credits: the allowance and where it comes from, what is on hold, what was used."""
        await self._show(interaction, member)

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(**descriptions.QUOTA_GRANT)
    async def grant(
        self,
        interaction: GuildInteraction,
        member: TargetOption,
        amount: Grant,
        reason: Reason,
    ) -> None:
        """Give a member bonus credits, which do not expire and are used after the allowance."""
        by = interaction.require_moderator()
        granting = self._moderation.grant(by, member, amount=amount, reason=reason)
        change = await run_or_defer(interaction, granting)
        await respond(interaction, confirmations.granted(member.user_id, amount, change))

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(**descriptions.QUOTA_MEMBER)
    async def member(
        self,
        interaction: GuildInteraction,
        member: TargetOption,
        amount: Credits | None = None,
        *,
        none: bool = False,
    ) -> None:
        """Give one member an allowance of their own."""
        by = interaction.require_moderator()
        if none and amount is not None:
            raise NoneAndValueError
        if amount is None and not none:
            await self._show(interaction, member)
            return
        change = await run_or_defer(interaction, self._moderation.make_exception(by, member, amount=amount))
        await respond(interaction, confirmations.exception_set(member.user_id, change))

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(**descriptions.QUOTA_ROLE)
    async def role(
        self,
        interaction: GuildInteraction,
        role: discord.Role,
        amount: Credits | None = None,
        *,
        none: bool = False,
    ) -> None:
        """Give everyone with a role an allowance; of several roles, the largest counts."""
        await answer_command(interaction, ROLES, ROLES.change, none=none, role_id=role.id, amount=amount)

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(**descriptions.QUOTA_EVERYONE)
    async def everyone(
        self,
        interaction: GuildInteraction,
        amount: Credits | None = None,
        period: PeriodOption | None = None,
        *,
        none: bool = False,
    ) -> None:
        """Set the allowance of everyone who has no exception and no role with one."""
        current = (await run_or_defer(interaction, self._settings.effective(interaction.guild_id))).policy
        if period in {None, current.period} or none:
            await answer_command(
                interaction, EVERYONE, EVERYONE.change, none=none, amount=amount, period=period
            )
            return
        wanted = current.allowance if amount is None else check_amount("credits", amount)
        view = discord.ui.View(timeout=None)
        view.add_item(period_button(wanted, period))
        question = confirmations.period_question(wanted, current, period)
        await respond(interaction, RenderedMessage(content=question, view=view))

    @command()
    @app_commands.describe(**descriptions.QUOTA_RESET)
    async def reset(self, interaction: GuildInteraction, member: TargetOption) -> None:
        """Reset a member's allowance, as if nothing had been used in this period."""
        by = interaction.require_moderator()
        change = await run_or_defer(interaction, self._moderation.reset(by, member))
        await respond(interaction, confirmations.allowance_reset(member.user_id, change))

    @command()
    @app_commands.describe(**descriptions.QUOTA_BLOCK)
    async def block(self, interaction: GuildInteraction, member: TargetOption, reason: Reason) -> None:
        """Block a member: waiting requests are cancelled, and their credits go back."""
        by = interaction.require_moderator()
        change = await run_or_defer(interaction, self._moderation.block(by, member, reason=reason))
        await respond(interaction, confirmations.blocked(member.user_id, change.cancelled))

    @command()
    @app_commands.describe(**descriptions.QUOTA_UNBLOCK)
    async def unblock(self, interaction: GuildInteraction, member: TargetOption) -> None:
        """Let a blocked member request songs again."""
        by = interaction.require_moderator()
        change = await run_or_defer(interaction, self._moderation.unblock(by, member))
        await respond(interaction, confirmations.unblocked(member.user_id, change))

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(**descriptions.QUOTA_BUDGET)
    async def budget(
        self,
        interaction: GuildInteraction,
        amount: Credits | None = None,
        period: PeriodOption | None = None,
        *,
        none: bool = False,
    ) -> None:
        """Limit what the whole server can spend in a period, whatever members have themselves."""
        await answer_command(interaction, BUDGET, BUDGET.change, none=none, amount=amount, period=period)

    @command()
    @app_commands.describe(**descriptions.QUOTA_LOG)
    async def log(self, interaction: GuildInteraction, member: TargetOption | None = None) -> None:
        """See the moderators' latest decisions: who, what, the old and new values, and why."""
        decisions = self._allowances.audit_log(
            interaction.guild_id, subject_id=member.user_id if member else None
        )
        entries = await run_or_defer(interaction, decisions)
        client, guild_id = interaction.raw.client, interaction.guild_id
        names = await run_or_defer(interaction, self._names.of(client, guild_id, members_of(entries)))
        await respond(interaction, audit_log_message(entries, names))

    @command()
    @app_commands.describe(**descriptions.QUOTA_REPORT)
    async def report(self, interaction: GuildInteraction, days: Days = USUAL_DAYS) -> None:
        """See who used how many credits on which day: a chart, and a table for spreadsheets."""
        report, attachments = await run_or_defer(interaction, self._drawn(interaction, days))
        summary = confirmations.report_summary(report)
        embeds = report_embeds(report)
        await respond(interaction, RenderedMessage(content=summary, embeds=embeds, attachments=attachments))

    async def _show(self, interaction: GuildInteraction, member: TargetMember) -> None:
        overview = self._quotas.overview(interaction.guild_id, member.user_id, role_ids=member.role_ids)
        embed = member_credits_message(await run_or_defer(interaction, overview), user_id=member.user_id)
        await respond(interaction, embed)

    async def _drawn(self, interaction: GuildInteraction, days: int) -> tuple[Report, Sequence[Attachment]]:
        guild_id = interaction.guild_id
        with self.files.exclusive(guild_id):
            report = await self._quotas.report(guild_id, days)
            client, chart_s = interaction.raw.client, interaction.timings.chart_s
            return report, await self.files.of(client, report, chart_s=chart_s)
