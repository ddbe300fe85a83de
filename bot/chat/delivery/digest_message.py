"""The weekly digest, in the moderators' log channel; it mentions members without notifying them."""

from collections.abc import Iterator

import discord

from bot.chat.messages import colours
from bot.chat.messages.rendered import RenderedMessage
from bot.chat.text.failures import SHORT_FAILURES
from bot.chat.text.formatting import DASH, FIELD_LIMIT, counted, in_credits, mention
from bot.chat.text.quotas import BUDGET, CAP, budget_left, cap_left
from bot.domain.caps import Cap
from bot.domain.digests import Digest
from bot.domain.quotas import Period
from bot.domain.requests import FailureKind, State
from bot.domain.shared_limits import BudgetState

QUIET = "A quiet week: no request ended, and none waits for approval."
STATES = {
    State.CANCELLED: "cancelled",
    State.DECLINED: "declined by a moderator",
    State.EXPIRED: "ended without an answer",
    State.FAILED: "failed",
    State.UNCERTAIN: SHORT_FAILURES[FailureKind.UNCERTAIN],
}


def digest_message(digest: Digest) -> RenderedMessage:
    """Build the digest; a week in which nothing happened is one line."""
    first, last = digest.starts_on, digest.ends_on
    embed = discord.Embed(
        title=f"The week of {first.day} {first:%b} {DASH} {last.day} {last:%b %Y}", colour=colours.MODERATION
    )
    if digest.is_quiet:
        embed.description = QUIET
        return RenderedMessage(embeds=[embed])
    embed.description = "\n".join((_ended(digest), _before(digest)))
    for name, lines in (
        ("Without a song", _failures(digest)),
        ("Credits", _limits(digest)),
        ("Requested most", (f"{mention(user_id)} {count:,}" for user_id, count in digest.asked_most)),
        ("Wait for approval", _awaiting(digest)),
    ):
        if text := "\n".join(lines)[:FIELD_LIMIT]:
            embed.add_field(name=name, value=text, inline=False)
    return RenderedMessage(embeds=[embed])


def _ended(digest: Digest) -> str:
    total = digest.total
    songs = f"**{counted(total.songs, 'song')}** for **{in_credits(total.credits)}**"
    return f"**{counted(total.requests, 'request')}**: {songs}."


def _before(digest: Digest) -> str:
    before = digest.before
    if not before.requests:
        return "The week before, there was none."
    return (
        f"The week before: {counted(before.requests, 'request')}, {counted(before.songs, 'song')} for "
        f"{in_credits(before.credits)}."
    )


def _failures(digest: Digest) -> Iterator[str]:
    for kind, count in sorted(digest.failures.items(), key=lambda one: (-one[1], one[0])):
        known = SHORT_FAILURES[FailureKind(kind)] if kind in set(FailureKind) else STATES[State(kind)]
        yield f"{count:,}: {known}"


def _limits(digest: Digest) -> Iterator[str]:
    """Say what the week took of limits per week; of others, what they leave now."""
    limits = digest.limits
    if limits.budget is not None:
        yield _of_week(digest, limits.budget, BUDGET) or budget_left(limits.budget)
    if limits.server_cap is not None:
        yield _of_week(digest, limits.server_cap, CAP) or cap_left(limits.server_cap)


def _of_week(digest: Digest, limit: BudgetState | Cap, name: str) -> str:
    if limit.period is not Period.WEEK:
        return ""
    share = f" ({100 * digest.total.credits / limit.credits:.0f} %)" if limit.credits else ""
    used = f"**{digest.total.credits:,}** of {in_credits(limit.credits)} used"
    return f"{name[0].upper()}{name[1:]}: {used}{share}."


def _awaiting(digest: Digest) -> Iterator[str]:
    if digest.awaiting:
        yield f"**{counted(digest.awaiting, 'request')}**: `/requests pending` lists them."
