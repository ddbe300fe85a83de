"""The `/credits` message: a member's credits as an embed."""

from collections.abc import Iterator

import discord

from bot.chat.messages import colours
from bot.chat.text.formatting import FIELD_LIMIT, in_credits, mention, quoted, reason_text, relative
from bot.chat.text.quotas import allowance_of, budget_left, next_request
from bot.domain.ledger import Entry, TransferKind
from bot.services.credits.statements import Statement

ENTRY_LIMIT = 120
"""Characters of one entry's reason."""
MAX_ENTRIES = 10


def credits_message(statement: Statement) -> discord.Embed:
    """Build a member's statement: available, held and used credits, the next reset and the latest entries."""
    embed = discord.Embed(title="Your credits", colour=colours.CREDITS)
    embed.description = "\n".join(_description(statement, is_own=True))
    return _with_numbers(embed, statement)


def member_credits_message(statement: Statement, *, user_id: int) -> discord.Embed:
    """Build the statement of another member, for moderators."""
    embed = discord.Embed(title="A member's credits", colour=colours.CREDITS)
    embed.description = "\n".join((mention(user_id), *_description(statement, is_own=False)))
    return _with_numbers(embed, statement)


def _description(statement: Statement, *, is_own: bool) -> Iterator[str]:
    yield allowance_of(statement.policy, is_own=is_own)
    if statement.budget is not None:
        yield budget_left(statement.budget)
    if statement.blocked is not None:
        yield f"**Blocked** by a moderator. {reason_text(statement.blocked)}"
    if statement.backoff_end is not None:
        wait = (
            next_request(statement.backoff_end)
            if is_own
            else f"They can request the next song {relative(statement.backoff_end)}."
        )
        yield f"The last request failed, so there is a wait. {wait} A finished song ends it."


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
            return f"Hold of **{amount:,}** used: the song is finished"
        case TransferKind.VOID:
            return f"Hold of **{amount:,}** given back"
        case TransferKind.SINGLE:
            sign = "\N{MINUS SIGN}" if entry.amount < 0 else "+"
            return f"**{sign}{amount:,}** {_reason(entry)}"


def _reason(entry: Entry) -> str:
    """Return a moderator's reason, or the kind of the ledger entry."""
    if entry.note:
        return f"bonus: {quoted(entry.note, limit=ENTRY_LIMIT)}"
    words = {"allowance": "allowance changed" if entry.amount < 0 else "allowance", "grant": "bonus"}
    return words.get(entry.reason) or quoted(entry.reason, limit=ENTRY_LIMIT, otherwise="credits")
