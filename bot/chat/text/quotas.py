"""Sentences about credits and limits: allowances, budgets, and what a moderator's action changed."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from bot.chat.text.formatting import capitalized, counted, in_credits, relative
from bot.chat.translation import N_, gettext, ngettext
from bot.domain.caps import Cap
from bot.domain.guild_settings import RoleLimits
from bot.domain.quotas import Period, Policy, Source
from bot.domain.shared_limits import BudgetState, SharedLimits
from bot.services.credits.statements import CreditsOverview
from bot.services.moderation.members import BalanceChange

BUDGET = "this server's budget"
CAP = "the bot owner's limit for this server"
IN_PERIOD = {Period.DAY: "today", Period.WEEK: "this week", Period.MONTH: "this month"}

# Translators: {songs} stands for "2 more songs", {new} for "90 new ones", {when} for "in 2 days".
LEFT = {
    Period.DAY: N_("{credits}: {songs} today, {new} {when}."),
    Period.WEEK: N_("{credits}: {songs} this week, {new} {when}."),
    Period.MONTH: N_("{credits}: {songs} this month, {new} {when}."),
}


def songs_left(overview: CreditsOverview) -> str:
    """Say what the member's credits are enough for, and when there are more; only what certainly comes."""
    statement = overview.statement
    policy, limit = statement.policy, overview.limited_by
    credits_left = f"**{in_credits(statement.available)}**"
    if statement.blocked is not None:
        return gettext("{credits}.", credits=credits_left)
    songs = more_songs(overview.songs_left)
    if limit is not None:
        return gettext(_until(limit), credits=credits_left, songs=songs, when=relative(limit.resets_at))
    if not policy.allowance:
        return gettext("{credits}: {songs}.", credits=credits_left, songs=songs)
    # Translators: of credits, in "90 new ones in 2 days".
    new = ngettext("{count} new one", "{count} new ones", policy.allowance)
    when = relative(statement.resets_at)
    return gettext(LEFT[policy.period], credits=credits_left, songs=songs, new=new, when=when)


def _until(limit: BudgetState | Cap) -> str:
    if isinstance(limit, BudgetState):
        return N_("{credits}: {songs} until this server's budget resets {when}.")
    if limit.is_total:
        return N_("{credits}: {songs} until the bot owner's limit for all servers resets {when}.")
    return N_("{credits}: {songs} until the bot owner's limit for this server resets {when}.")


def more_songs(count: int) -> str:
    """Format how many more songs there can be."""
    # Translators: in "60 credits: 2 more songs this week".
    return ngettext("{count} more song", "{count} more songs", count) if count else gettext("no more songs")


def next_request(at: datetime) -> str:
    """Say when the member's next request is possible."""
    return f"You can request the next song {relative(at)}."


def allowance_of(policy: Policy, *, is_own: bool) -> str:
    """Say what the allowance is and where it comes from, to the member or to a moderator."""
    whom = "you" if is_own else "this member"
    match policy.source:
        case Source.EXCEPTION:
            source = f"set for {whom} by a moderator"
        case Source.ROLE:
            source = f"from the role <@&{policy.role_id}>"
        case Source.EVERYONE:
            source = "as for everyone here"
        case _:
            assert_never(policy.source)
    return f"{in_credits(policy.allowance)} every {policy.period}, {source}."


def budget_left(budget: BudgetState) -> str:
    """Say what all members together can still spend."""
    over = f", because {budget.spent:,} were used before" if budget.spent > budget.credits else ""
    return (
        f"This server's budget: **{budget.left:,}** of {in_credits(budget.credits)} left for everyone{over}. "
        f"It resets {relative(budget.resets_at)}."
    )


def whose(limit: BudgetState | Cap) -> str:
    """Name a limit that many share by whose it is."""
    if isinstance(limit, BudgetState):
        return BUDGET
    return "the bot owner's limit for all servers" if limit.is_total else CAP


def cap_left(cap: Cap) -> str:
    """Say what a server can still spend under the owner's cap."""
    over = f", because {cap.spent:,} were used before" if cap.spent > cap.credits else ""
    return (
        f"{capitalized(CAP)}: **{cap.left:,}** of {in_credits(cap.credits)} left{over}. It "
        f"resets {relative(cap.resets_at)}."
    )


def used_up(limit: str, left: str, *, cost: int, resets_at: datetime) -> str:
    """Say that a limit which many share has too little left for a song."""
    return (
        f"A song costs {in_credits(cost)}, and {limit} has {left} left for everyone. It resets "
        f"{relative(resets_at)}; try again then."
    )


def cap_used_up(cap: Cap, cost: int) -> str:
    """Say that one of the owner's caps has too little left for a song."""
    limit = whose(cap)
    if cap.credits < cost:
        return f"T{limit[1:]} is too small for a song. Ask them if it should be larger."
    # what all servers together spend is the owner's business
    left = "too few credits" if cap.is_total else f"{cap.left:,}"
    return used_up(limit, left, cost=cost, resets_at=cap.resets_at)


def limits_left(limits: SharedLimits) -> Iterator[str]:
    """Say what the budget and the owner's cap leave to the server, as far as there are such."""
    if limits.budget is not None:
        yield budget_left(limits.budget)
    if limits.server_cap is not None:
        yield cap_left(limits.server_cap)


def limits_of(max_active: int | None, cooldown_s: int | None) -> str:
    """Say how many requests a member can have, and how far apart; without what is None."""
    parts = []
    if max_active is not None:
        parts.append(f"{counted(max_active, 'request')} at a time")
    if cooldown_s is not None:
        parts.append(f"{counted(cooldown_s, 'second') if cooldown_s else 'no pause'} between requests")
    return ", ".join(parts)


def role_limits_of(role_id: int, limits: RoleLimits) -> str:
    """Say the limits of a role's members."""
    words = limits_of(limits.max_active, limits.cooldown_s)
    return f"<@&{role_id}>: {words or 'as everyone'}"


def cost_of_role(members: int, amount: int | None, period: Period, *, cost: int) -> str:
    """Say how many members have a role, and what its allowance of this many credits comes to at most."""
    if not members:
        return "Nobody has the role yet."
    have = f"{counted(members, 'member')} {'has' if members == 1 else 'have'} the role"
    if not amount:
        return f"{have}."
    songs = members * (amount // cost) if cost else 0
    makes = f", or {counted(songs, 'song')}" if songs else ""
    return f"{have}: at most {in_credits(members * amount)} every {period}{makes}."


def available_after(change: BalanceChange) -> str:
    """Say how much the member can spend now, and could spend before."""
    before, after = change.before.available, change.after.available
    if before == after:
        return f"They have {in_credits(after)} available, as before."
    return f"They have {in_credits(after)} available now, and had {before:,} before."
