"""Sentences about credits and limits: allowances, budgets, and what a moderator's action changed."""

from datetime import datetime
from typing import assert_never

from bot.chat.text.formatting import counted, in_credits, relative
from bot.domain.quotas import Period, Policy, Source
from bot.services.credits.statements import BudgetState, CreditsOverview
from bot.services.moderation.members import BalanceChange

IN_PERIOD = {Period.DAY: "today", Period.WEEK: "this week", Period.MONTH: "this month"}


def songs_left(overview: CreditsOverview) -> str:
    """Say what the member's credits are enough for, and when there are more; only what certainly comes."""
    statement = overview.statement
    policy, budget = statement.policy, statement.budget
    have = f"**{in_credits(statement.available)}**"
    if statement.blocked is not None:
        return f"{have}."
    more = f"{have}: {more_songs(overview.songs_left)}"
    if budget is not None and overview.is_limited_by_budget:
        return f"{more} until this server's budget resets {relative(budget.resets_at)}."
    if not policy.allowance:
        return f"{more}."
    new = f"{policy.allowance:,} new {'one' if policy.allowance == 1 else 'ones'}"
    return f"{more} {IN_PERIOD[policy.period]}, {new} {relative(statement.resets_at)}."


def more_songs(count: int) -> str:
    """Format how many more songs there can be."""
    return f"{count:,} more song{'' if count == 1 else 's'}" if count else "no more songs"


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


def limits_of(policy: Policy) -> str:
    """Say how many requests a member can have, and how far apart."""
    pause = counted(policy.cooldown_s, "second") if policy.cooldown_s else "no pause"
    return f"{counted(policy.max_active, 'request')} at a time, {pause} between requests"


def available_after(change: BalanceChange) -> str:
    """Say how much the member can spend now, and could spend before."""
    before, after = change.before.available, change.after.available
    if before == after:
        return f"They have {in_credits(after)} available, as before."
    return f"They have {in_credits(after)} available now, and had {before:,} before."
