"""The `/credits` message: a member's credits as an embed; and what a server's came to by choice."""

from collections.abc import Iterator, Sequence

import discord

from bot.chat.messages import colours
from bot.chat.text.formatting import (
    DASH,
    FIELD_LIMIT,
    counted,
    in_credits,
    mention,
    message_page,
    quoted,
    reason_text,
    relative,
)
from bot.chat.text.quotas import allowance_of, budget_left, cap_left, next_request, songs_left
from bot.chat.text.songs import UNTITLED
from bot.domain.ledger import Entry, TransferKind
from bot.domain.models import model_name
from bot.domain.requests import Request
from bot.domain.songs import UNLOVED, Song
from bot.services.credits.reports import ChoiceUse, Report
from bot.services.credits.statements import CreditsOverview, StatementLine

ENTRY_LIMIT = 120
"""Characters of one entry's reason."""
TITLE_SHOWN = 80
"""Characters of a song's title, escapes included."""
CHOICES_SHOWN = 5
"""The playlists and the models that a report lists; the others are added up."""
NAME_SHOWN = 80
"""Characters of a playlist's or a model's name, escapes included."""
NO_SONG = "No song"
BEING_MADE = "A song in the making"


def report_embeds(report: Report) -> list[discord.Embed]:
    """Build what a server's requests came to by playlist and by model; nothing without requests."""
    if not report.models:
        return []
    saved = [one for one in report.playlists if one.name is not None]
    rest = [one for one in report.playlists if one.name is None]
    names = [quoted(one.name, limit=NAME_SHOWN) for one in saved]
    embed = discord.Embed(title="What was requested", colour=colours.MODERATION)
    embed.add_field(name="By playlist", value=_choices(saved, names, rest, "not saved here"), inline=False)
    models = [quoted(model_name(one.key), limit=NAME_SHOWN) for one in report.models]
    embed.add_field(name="By model", value=_choices(report.models, models, (), ""), inline=False)
    return [embed]


def _choices(uses: Sequence[ChoiceUse], names: Sequence[str], others: Sequence[ChoiceUse], whose: str) -> str:
    """List the first choices, and add up the rest of them and the others."""
    lines = [_came_to(f"**{name}**", [one]) for name, one in zip(names, uses[:CHOICES_SHOWN], strict=False)]
    if more := uses[CHOICES_SHOWN:]:
        lines.append(_came_to(f"{len(more):,} more", more))
    if others:
        lines.append(_came_to(f"{len(others):,} {whose}", others))
    return "\n".join(lines)


def _came_to(name: str, uses: Sequence[ChoiceUse]) -> str:
    requests, songs, credits_ = (
        sum(getattr(one.use, part) for one in uses) for part in ("requests", "songs", "credits")
    )
    return f"{name}: {in_credits(credits_)} for {counted(songs, 'song')}, of {counted(requests, 'request')}"


def credits_message(overview: CreditsOverview) -> discord.Embed:
    """Build a member's credits: how many songs they are enough for, their state, and the last songs."""
    embed = discord.Embed(title="Your credits", colour=colours.CREDITS)
    embed.description = "\n".join((songs_left(overview), *_description(overview, is_own=True)))
    return _with_numbers(embed, overview)


def member_credits_message(overview: CreditsOverview, *, user_id: int) -> discord.Embed:
    """Build the credits of another member, for moderators."""
    embed = discord.Embed(title="A member's credits", colour=colours.CREDITS)
    lines = (mention(user_id), songs_left(overview), *_description(overview, is_own=False))
    embed.description = "\n".join(lines)
    return _with_numbers(embed, overview)


def _description(overview: CreditsOverview, *, is_own: bool) -> Iterator[str]:
    statement = overview.statement
    if is_own and not overview.is_renewed and statement.available < overview.cost:
        yield f"A song costs {in_credits(overview.cost)}: ask a moderator for more."
    if is_own and overview.active >= statement.policy.max_active:
        one = "it has" if overview.active == 1 else "one of them has"
        yield (
            f"You have {counted(overview.active, 'pending request')}, the limit here: you can request the "
            f"next song when {one} finished."
        )
    yield from _moderation(overview, is_own=is_own)
    yield f"-# A song costs {in_credits(overview.cost)}. {allowance_of(statement.policy, is_own=is_own)}"


def _moderation(overview: CreditsOverview, *, is_own: bool) -> Iterator[str]:
    """Say what limits the member besides their own credits."""
    statement, cap = overview.statement, overview.statement.limits.server_cap
    if statement.limits.budget is not None:
        yield budget_left(statement.limits.budget)
    if cap is not None and (not is_own or overview.limited_by is cap):
        yield cap_left(cap)
    if statement.blocked is not None:
        yield f"**Blocked** by a moderator. {reason_text(statement.blocked)}"
    if statement.backoff_end is not None:
        wait = (
            next_request(statement.backoff_end)
            if is_own
            else f"They can request the next song {relative(statement.backoff_end)}."
        )
        yield f"The last request failed, so there is a wait. {wait} A finished song ends it."


def _with_numbers(embed: discord.Embed, overview: CreditsOverview) -> discord.Embed:
    statement = overview.statement
    part = ", part of **Available**" if statement.bonus else ""
    embed.add_field(name="Available", value=in_credits(statement.available))
    embed.add_field(name="On hold", value=in_credits(statement.held))
    embed.add_field(name="Used", value=in_credits(statement.used))
    embed.add_field(name="Bonus", value=f"{in_credits(statement.bonus)}{part}")
    embed.add_field(
        name="Resets", value=relative(statement.resets_at) if statement.policy.allowance else DASH
    )
    if lines := _lines(overview.lines):
        embed.add_field(name="Last songs", value=lines, inline=False)
    return embed


def _lines(latest: tuple[StatementLine, ...]) -> str:
    """Format the last songs and changes, as many whole lines as fit into a field."""
    text = ""
    for one in latest:
        line = f"{_words(one)} · {relative(one.entry.at)}"
        if len(text) + len(line) + 1 > FIELD_LIMIT:
            break
        text = f"{text}\n{line}" if text else line
    return text


def _words(line: StatementLine) -> str:
    amount = abs(line.entry.amount)
    match line.entry.kind:
        case TransferKind.PENDING:
            return f"{_status(line.request, BEING_MADE)} · **{amount:,}** on hold"
        case TransferKind.POST:
            return f"{_song(line.request)} · **{amount:,}**"
        case TransferKind.VOID:
            return f"{_status(line.request, NO_SONG)} · **{amount:,}** came back"
        case TransferKind.SINGLE:
            sign = "\N{MINUS SIGN}" if line.entry.amount < 0 else "+"
            return f"**{sign}{amount:,}** {_reason(line.entry)}"


def _status(request: Request | None, words: str) -> str:
    """Link the words to the request's status message, if it is known."""
    if request is None or request.address.message_id is None:
        return words
    return (
        f"[{words}]({message_page(request.guild_id, request.address.channel_id, request.address.message_id)})"
    )


def _song(request: Request | None) -> str:
    """Return the song's title, linked to its post."""
    if request is None:
        return UNTITLED
    song = Song(request, UNLOVED)
    title = quoted(song.title, limit=TITLE_SHOWN, otherwise=UNTITLED)
    if request.removed_at is not None or song.post is None:
        return title
    return f"[{title}]({message_page(request.guild_id, *song.post)})"


def _reason(entry: Entry) -> str:
    """Return a moderator's reason, or the kind of the ledger entry."""
    if entry.note:
        return f"bonus: {quoted(entry.note, limit=ENTRY_LIMIT)}"
    words = {"allowance": "allowance changed" if entry.amount < 0 else "allowance", "grant": "bonus"}
    return words.get(entry.reason) or quoted(entry.reason, limit=ENTRY_LIMIT, otherwise="credits")
