"""The `/credits` message: a member's credits as an embed."""

from collections.abc import Iterator
from typing import assert_never

import discord

from bot.chat.messages import colours
from bot.chat.text.formatting import FIELD_LIMIT, REASON_LIMIT, in_credits, mention, quoted, relative
from bot.domain.ledger import Entry, TransferKind
from bot.domain.quotas import Policy, Source
from bot.services.credits.statements import BudgetState, Statement
from bot.services.moderation.members import BalanceChange

ENTRY_LIMIT = 120
"""Characters of one entry's reason."""
MAX_ENTRIES = 10


def credits_message(statement: Statement) -> discord.Embed:
    """Build a member's statement: available, held and used credits, the next reset and the latest entries."""
    embed = discord.Embed(title="Your credits", colour=colours.CREDITS)
    embed.description = "\n".join(_description(statement, whose="your own"))
    return _with_numbers(embed, statement)


def member_credits_message(statement: Statement, *, user_id: int) -> discord.Embed:
    """Build the statement of another member, for moderators."""
    embed = discord.Embed(title="Credits of a member", colour=colours.CREDITS)
    embed.description = "\n".join((mention(user_id), *_description(statement, whose="their own")))
    return _with_numbers(embed, statement)


def budget_words(budget: BudgetState) -> str:
    """Say what all members together can still spend."""
    return (
        f"This server's budget: **{budget.left:,}** of {in_credits(budget.credits)} are left for everyone, "
        f"until it begins anew {relative(budget.resets_at)}."
    )


def policy_words(policy: Policy, *, whose: str) -> str:
    """Say what the allowance is and where it comes from; `whose` is "your own" or "their own"."""
    match policy.source:
        case Source.EXCEPTION:
            source = f"an exception of {whose}"
        case Source.ROLE:
            source = f"from the role <@&{policy.role_id}>"
        case Source.EVERYONE:
            source = "as for everyone here"
        case _:
            assert_never(policy.source)
    return f"{in_credits(policy.allowance)} every {policy.period}, {source}."


def _description(statement: Statement, *, whose: str) -> Iterator[str]:
    yield policy_words(statement.policy, whose=whose)
    if statement.budget is not None:
        yield budget_words(statement.budget)
    if statement.blocked is not None:
        yield f"Blocked by a moderator: {quoted(statement.blocked, limit=REASON_LIMIT)}"
    if statement.backoff_end is not None:
        yield (
            f"The last request failed, so the next one can be sent {relative(statement.backoff_end)}. "
            "A finished song ends this wait."
        )


def _with_numbers(embed: discord.Embed, statement: Statement) -> discord.Embed:
    embed.add_field(name="Available", value=in_credits(statement.available))
    embed.add_field(name="On hold", value=in_credits(statement.held))
    embed.add_field(name="Used", value=in_credits(statement.used))
    embed.add_field(name="Bonus", value=in_credits(statement.bonus))
    embed.add_field(name="Resets", value=relative(statement.resets_at))
    if lines := _lines(statement.entries):
        embed.add_field(name="Last entries", value=lines, inline=False)
    return embed


def _lines(entries: tuple[Entry, ...]) -> str:
    """Format the latest entries, as many whole lines as fit into a field."""
    text = ""
    for entry in entries[:MAX_ENTRIES]:
        line = f"{_words(entry)} · {relative(entry.at)}"
        if len(text) + len(line) + 1 > FIELD_LIMIT:
            break
        text = f"{text}\n{line}" if text else line
    return text


def _words(entry: Entry) -> str:
    amount = abs(entry.amount)
    match entry.kind:
        case TransferKind.PENDING:
            return f"**{amount:,}** put on hold for a song"
        case TransferKind.POST:
            return f"**{amount:,}** used for a song"
        case TransferKind.VOID:
            return f"**{amount:,}** given back"
        case TransferKind.SINGLE:
            sign = "\N{MINUS SIGN}" if entry.amount < 0 else "+"
            return f"**{sign}{amount:,}** {_reason(entry)}"


def _reason(entry: Entry) -> str:
    """Return a moderator's reason, or the kind of the ledger entry."""
    if entry.note:
        return f"bonus: {quoted(entry.note, limit=ENTRY_LIMIT)}"
    words = {"allowance": "allowance changed" if entry.amount < 0 else "allowance", "grant": "bonus"}
    return words.get(entry.reason) or quoted(entry.reason, limit=ENTRY_LIMIT, otherwise="credits")


def available(change: BalanceChange) -> str:
    """Say how much the member can spend now, and could spend before."""
    before, after = change.before.available, change.after.available
    if before == after:
        return f"{in_credits(after).capitalize()} can be spent, as before."
    return f"{in_credits(after).capitalize()} can be spent now; before, it was {before:,}."


def allowance(change: BalanceChange) -> str:
    """Say what the member's allowance is now, and was before."""
    now = policy_words(change.after.policy, whose="their own")
    return f"{now} Before, it was {in_credits(change.before.policy.allowance)}."
