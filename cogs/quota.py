"""`/quota`: moderators' view and control of their server's credits."""

from collections.abc import Sequence
from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.interactions.components import command
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import MODERATORS, ForModerators
from bot.chat.interactions.respond import Reply, respond, run_or_defer
from bot.chat.interactions.transformers import PeriodOption, TargetOption
from bot.chat.messages.audit import audit_log_message
from bot.chat.messages.credits import allowance, available, budget_words, member_credits_message
from bot.chat.messages.files import Attachment, ReportFiles
from bot.chat.text.formatting import in_credits, mention
from bot.domain.guild_settings import MAX_CREDITS
from bot.services import Services
from bot.services.audit_log import REASON_LIMIT
from bot.services.credits.reports import MAX_DAYS, Report

Days: TypeAlias = app_commands.Range[int, 1, MAX_DAYS]
USUAL_DAYS = 30


Credits: TypeAlias = app_commands.Range[int, 0, MAX_CREDITS]
Grant: TypeAlias = app_commands.Range[int, 1, MAX_CREDITS]
Reason: TypeAlias = app_commands.Range[str, 1, REASON_LIMIT]


@app_commands.default_permissions(MODERATORS)
class Quota(ForModerators, commands.GroupCog, group_name="quota", group_description="Your server's credits"):
    """A server's credits, for its moderators."""

    def __init__(self, services: Services) -> None:
        self._quotas = services.quotas
        self._moderation = services.members
        self._allowances = services.allowances
        self._files = ReportFiles()

    async def cog_unload(self) -> None:
        """Stop the thread that draws charts."""
        self._files.close()

    @command()
    @app_commands.describe(member="Whose credits; paste the id of one who left")
    async def show(self, interaction: GuildInteraction, member: TargetOption) -> None:
        """See a member's credits: the allowance and where it comes from, what is on hold, what was used."""
        statement = self._quotas.statement(interaction.guild_id, member.user_id, role_ids=member.role_ids)
        embed = member_credits_message(await run_or_defer(interaction, statement), user_id=member.user_id)
        await respond(interaction, embed)

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(
        member="Who gets them", amount="How many; a song costs 30", reason="What for; the member may read it"
    )
    async def grant(
        self,
        interaction: GuildInteraction,
        member: TargetOption,
        amount: Grant,
        reason: Reason,
    ) -> None:
        """Give a member bonus credits, which do not end and are used after the allowance."""
        by = interaction.require_moderator()
        granting = self._moderation.grant(by, member, amount=amount, reason=reason)
        change = await run_or_defer(interaction, granting)
        await respond(
            interaction, f"{mention(member.user_id)} got {in_credits(amount)} more. {available(change)}"
        )

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(
        member="Whose allowance",
        amount="Per period, whatever the roles have; leave it out to end the exception",
    )
    async def member(
        self,
        interaction: GuildInteraction,
        member: TargetOption,
        amount: Credits | None = None,
    ) -> None:
        """Make an exception: one member's own allowance."""
        by = interaction.require_moderator()
        change = await run_or_defer(interaction, self._moderation.make_exception(by, member, amount=amount))
        await respond(interaction, f"{mention(member.user_id)}: {allowance(change)} {available(change)}")

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(
        role="Whose members", amount="Per period, for each of them; leave it out to end it"
    )
    async def role(
        self,
        interaction: GuildInteraction,
        role: discord.Role,
        amount: Credits | None = None,
    ) -> None:
        """Give everybody with a role an allowance; of several roles the largest counts."""
        by = interaction.require_moderator()
        await run_or_defer(interaction, self._allowances.set_role_allowance(by, role.id, amount=amount))
        words = "no allowance of its own now" if amount is None else f"{in_credits(amount)} per period now"
        await respond(interaction, f"<@&{role.id}> has {words}. It counts with each member's next song.")

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(amount="Per period, for each member", period="When it begins anew, in UTC")
    async def everyone(
        self,
        interaction: GuildInteraction,
        amount: Credits,
        period: PeriodOption | None = None,
    ) -> None:
        """Settle the allowance of everyone who has no exception and no role with one."""
        by = interaction.require_moderator()
        setting = self._allowances.set_default_allowance(by, amount=amount, period=period)
        settings = await run_or_defer(interaction, setting)
        every = f" every {settings.period}" if settings.period else ""
        await respond(
            interaction, f"Everyone has {in_credits(amount)}{every} now. A new period begins afresh."
        )

    @command()
    @app_commands.describe(member="Whose allowance begins anew")
    async def reset(self, interaction: GuildInteraction, member: TargetOption) -> None:
        """Begin a member's allowance anew, as if nothing had been used in this period."""
        by = interaction.require_moderator()
        change = await run_or_defer(interaction, self._moderation.reset(by, member))
        await respond(interaction, f"{mention(member.user_id)} begins anew. {available(change)}")

    @command()
    @app_commands.describe(member="Who may ask for no songs", reason="Why; the member reads it")
    async def block(self, interaction: GuildInteraction, member: TargetOption, reason: Reason) -> None:
        """Stop a member's songs: waiting requests are cancelled, and their credits are back."""
        by = interaction.require_moderator()
        change = await run_or_defer(interaction, self._moderation.block(by, member, reason=reason))
        ended = {0: "Nothing of theirs was waiting.", 1: "One waiting request was cancelled."}
        cancelled = ended.get(change.cancelled, f"{change.cancelled} waiting requests were cancelled.")
        await respond(interaction, f"{mention(member.user_id)} is blocked. {cancelled}")

    @command()
    @app_commands.describe(member="Who may ask for songs again")
    async def unblock(self, interaction: GuildInteraction, member: TargetOption) -> None:
        """Let a blocked member ask for songs again."""
        by = interaction.require_moderator()
        change = await run_or_defer(interaction, self._moderation.unblock(by, member))
        await respond(interaction, f"{mention(member.user_id)} may ask for songs again. {available(change)}")

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(
        amount="For all members together; leave it out for no budget", period="When it begins anew, in UTC"
    )
    async def budget(
        self,
        interaction: GuildInteraction,
        amount: Credits | None = None,
        period: PeriodOption | None = None,
    ) -> None:
        """Settle what the whole server may spend in a period, whatever members have themselves."""
        by = interaction.require_moderator()
        await run_or_defer(interaction, self._allowances.set_budget(by, amount=amount, period=period))
        statement = self._quotas.statement(by.guild_id, by.actor_id, role_ids=())
        budget = (await run_or_defer(interaction, statement)).budget
        await respond(interaction, budget_words(budget) if budget else "This server has no budget now.")

    @command()
    @app_commands.describe(member="About whom; leave it out for all")
    async def log(self, interaction: GuildInteraction, member: TargetOption | None = None) -> None:
        """See the moderators' last decisions: who, what, from what to what, and why."""
        decisions = self._allowances.audit_log(
            interaction.guild_id, subject_id=member.user_id if member else None
        )
        embed = audit_log_message(await run_or_defer(interaction, decisions))
        await respond(interaction, embed)

    @command()
    @app_commands.describe(days=f"How many days back, today included (UTC); {USUAL_DAYS} if left out")
    async def report(self, interaction: GuildInteraction, days: Days = USUAL_DAYS) -> None:
        """See who used how many credits on which day: a chart, and a table for spreadsheets."""
        report, attachments = await run_or_defer(interaction, self._drawn(interaction, days))
        await respond(interaction, Reply(content=_words(report), attachments=attachments))

    async def _drawn(self, interaction: GuildInteraction, days: int) -> tuple[Report, Sequence[Attachment]]:
        guild_id = interaction.guild_id
        with self._files.exclusive(guild_id):
            report = await self._quotas.report(guild_id, days)
            return report, await self._files.of(interaction.raw.client, report)


def _words(report: Report) -> str:
    days = len(report.days)
    span = "today" if days == 1 else f"in the last {days} days"
    if not report.credits:
        return f"No credits were used {span} (UTC)."
    songs = "1 song" if report.songs == 1 else f"{report.songs:,} songs"
    return f"**{in_credits(report.credits)}** used for {songs} {span} (UTC)."
