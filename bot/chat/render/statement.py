"""A member's credits as one embed."""

import discord

from bot.chat.render import colours
from bot.chat.texts import FIELD_LIMIT, in_credits, relative, shown
from bot.domain.ledger import Entry, TransferKind
from bot.services.quotas import Statement

ENTRY_LIMIT = 120
"""Characters of one entry's reason."""
MOST_ENTRIES = 10


def credits_message(statement: Statement) -> discord.Embed:
    """What a member has, holds, has used and gets again, numbers first, with the last entries below."""
    embed = discord.Embed(title="Your credits", colour=colours.CREDITS)
    embed.description = f"{in_credits(statement.policy.allowance)} every {statement.policy.period}."
    embed.add_field(name="Available", value=in_credits(statement.available))
    embed.add_field(name="On hold", value=in_credits(statement.held))
    embed.add_field(name="Used", value=in_credits(statement.used))
    embed.add_field(name="Bonus", value=in_credits(statement.bonus))
    embed.add_field(name="Resets", value=relative(statement.resets_at))
    if lines := _lines(statement.entries):
        embed.add_field(name="Last entries", value=lines, inline=False)
    return embed


def _lines(entries: tuple[Entry, ...]) -> str:
    """The entries in words, as many whole lines as a field takes."""
    text = ""
    for entry in entries[:MOST_ENTRIES]:
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
            return f"**{sign}{amount:,}** {shown(entry.reason, limit=ENTRY_LIMIT, otherwise='credits')}"
