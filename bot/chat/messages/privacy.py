"""Messages about personal data: the privacy notice, the export file, and what deletion does."""

import gzip
import json
from collections.abc import Iterable, Iterator

import discord

from bot.chat.messages import colours
from bot.chat.messages.rendered import Attachment
from bot.chat.text import labels
from bot.chat.text.formatting import counted, relative
from bot.domain.personal_data import ErasureSummary
from bot.services.privacy.export import document_of
from bot.services.privacy.retention import RetentionConfig
from bot.services.privacy.service import PersonalDataExport

EXPORT_NAME = "inspire-data.json"
NOTHING_KEPT = "The bot keeps nothing about you."
NOTHING_LEFT = "Nothing more of your data can be deleted now."
ALL_YOUR_DATA = "All the data that the bot keeps about you, from all servers."
SONGS_STAY = (
    f"Songs that were posted in channels stay, but **{labels.AGAIN}** and **{labels.REMOVE}** below them "
    f"stop working for you. To delete one of them, press **{labels.REMOVE}** first."
)
CREDITS_STAY = "The credit records stay, without your name."
_KEPT = (
    "• Each song request: who made it, where, its options and prompt, its times and steps, its songs, "
    "and the messages that show it.\n"
    "• Your credits: what was granted, held and used.\n"
    "• Your loves, playlists that you saved, and moderators' decisions about you or by you.\n"
    "Nothing else: the bot reads no messages, and keeps no names, profiles or member lists."
)
_WHY = (
    "To make songs, to share them out fairly, to give credits back when something fails, and to hold "
    "moderators to account for their decisions. For nothing else."
)
_WHO = (
    "• Everyone in a channel: the messages that the bot posts there.\n"
    "• This server's moderators: credits by member, decisions, and requests that they approve.\n"
    "• The bot's owner: the database.\n"
    "• CQTAI and Suno, who make the songs: playlist, prompt and options, without your name or id."
)
_YOURS = (
    "`/privacy export` gives you all of it as a file. `/privacy delete` deletes it, in all servers, once you "
    f"have no pending requests. Messages in channels stay: press **{labels.REMOVE}** below a song first, or "
    "ask a moderator. A block and its reason stay until moderators unblock you."
)


def notice_message(config: RetentionConfig) -> discord.Embed:
    """Build the privacy notice: what is kept, why, for how long, who sees it, and what a member can do."""
    embed = discord.Embed(title="Your data", colour=colours.CREDITS)
    embed.add_field(name="What is kept", value=_KEPT, inline=False)
    embed.add_field(name="Why", value=_WHY, inline=False)
    embed.add_field(name="How long", value=_how_long(config), inline=False)
    embed.add_field(name="Who sees it", value=_WHO, inline=False)
    embed.add_field(name="Get it, delete it", value=_YOURS, inline=False)
    return embed


def _how_long(config: RetentionConfig) -> str:
    return (
        f"• Prompts: {_days(config.prompt_days)} after the request ended.\n"
        "• The token by which the bot answers a command: 15 minutes.\n"
        f"• A server's data: {_after_leaving(config.guild_days)}.\n"
        "• Everything else: until you delete it. What you used of your current allowance is kept until that "
        "allowance ends, so that deleting your data doesn't give you a second one; if you request a song "
        "before then, it stays.\n"
        "• The credit records: permanently, under a random name that leads to nobody once you have deleted "
        "your data."
    )


def _days(count: int) -> str:
    return counted(count, "day")


def _after_leaving(days: int) -> str:
    return f"{_days(days)} after the bot leaves it" if days else "until the bot leaves it"


def export_file(copy: PersonalDataExport, *, limit: int) -> Attachment:
    """Write a member's data as a JSON file, compressed if it has more than `limit` bytes."""
    words = json.dumps(document_of(copy), ensure_ascii=False, indent=1)
    data = words.encode("utf-8", "backslashreplace")
    if len(data) > limit:
        return Attachment(f"{EXPORT_NAME}.gz", gzip.compress(data, mtime=0), ALL_YOUR_DATA)
    return Attachment(EXPORT_NAME, data, ALL_YOUR_DATA)


def preview_words(preview: ErasureSummary) -> str:
    """Say what deletion will do, before it is confirmed."""
    if preview.is_empty:
        return NOTHING_KEPT
    counts = _counts(preview)
    lines = [f"Will be deleted: {counts}."] if counts else []
    lines += [SONGS_STAY, CREDITS_STAY, *_rest(preview)]
    return _listed("**Delete your data in all servers?** This can't be undone.", lines)


def erasure_words(erased: ErasureSummary) -> str:
    """Say what was deleted, and what remains."""
    if erased.is_empty:
        return NOTHING_KEPT
    counts = _counts(erased)
    return _listed(f"Deleted: {counts}." if counts else NOTHING_LEFT, [CREDITS_STAY, *_rest(erased)])


def _listed(head: str, lines: Iterable[str]) -> str:
    return "\n".join((head, *(f"• {line}" for line in lines)))


def _counts(done: ErasureSummary) -> str:
    counts = (
        (done.requests, f"{counted(done.requests, 'request')} with prompts and songs"),
        (done.loves, counted(done.loves, "love")),
        (done.playlists, f"your name on {counted(done.playlists, 'saved playlist')}"),
        (done.decisions, f"your name in {counted(done.decisions, 'decision')} of moderators"),
    )
    return ", ".join(words for count, words in counts if count)


def _rest(done: ErasureSummary) -> Iterator[str]:
    """Say what remains, until when, and why."""
    if done.until is None:
        return
    yield (
        f"What you used of your allowance goes when that ends ({relative(done.until)}), with bonus credits "
        "that are left; if you request a song before then, it stays."
    )
    if done.blocked:
        yield f"You stay blocked in {counted(done.blocked, 'server')} until moderators unblock you there."
