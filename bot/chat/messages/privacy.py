"""Messages about personal data: the privacy notice, the export file, and what deletion does."""

import gzip
import json

import discord

from bot.chat.messages import colours
from bot.chat.messages.files import Attachment
from bot.chat.text.formatting import relative
from bot.domain.personal_data import ErasureSummary
from bot.services.privacy.export import document_of
from bot.services.privacy.retention import RetentionConfig
from bot.services.privacy.service import PersonalDataExport

EXPORT_NAME = "inspire-data.json"
NOTHING_KEPT = "Nothing is kept about you."
_KEPT = (
    "• Each song request: who asked, where, its options and prompt, its times and steps, the songs that came "
    "of it, and the messages that show it.\n"
    "• Your credits: what was granted, held and used.\n"
    "• Your ratings, playlists that you saved, and moderators' decisions about you or by you.\n"
    "Nothing else: no messages are read, and no names, profiles or lists of members are kept."
)
_WHY = (
    "To make the songs, to share them out fairly, to give credits back when something fails, and so that "
    "moderators can answer for what they decide. It is used for nothing else."
)
_WHO = (
    "• Everybody in a channel: the messages that the bot posts there.\n"
    "• This server's moderators: credits by member, decisions, and requests that they approve.\n"
    "• Whoever runs the bot: the database.\n"
    "• CQTAI and Suno, who make the songs: playlist, prompt and options, without your name or id."
)
_YOURS = (
    "`/privacy export` gives you all of it as a file. `/privacy delete` makes it nobody's, in all servers, "
    "once none of your requests is under way. Messages in channels stay: press **Remove** under a song first "
    "to take it away, or ask a moderator. A block stays until moderators lift it, with its reason."
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
        "• The key by which Discord lets the bot answer a command: 15 minutes.\n"
        f"• A server's data: {_after_leaving(config.guild_days)}.\n"
        "• All else: until you delete it. What you have used of your present allowance is remembered until "
        "that allowance ends, so that deleting gives nobody a second one; if you ask for a song again before "
        "that, you are a member as before.\n"
        "• The credit records: for good, under a random name that leads to nobody once you have deleted your "
        "data."
    )


def _days(count: int) -> str:
    return "a day" if count == 1 else f"{count:,} days"


def _after_leaving(days: int) -> str:
    return f"{_days(days)} after the bot left it" if days else "until the bot leaves it"


def export_file(copy: PersonalDataExport, *, limit: int) -> Attachment:
    """Write a member's data as a JSON file, compressed if it has more than `limit` bytes."""
    words = json.dumps(document_of(copy), ensure_ascii=False, indent=1)
    data = words.encode("utf-8", "backslashreplace")
    if len(data) > limit:
        return Attachment(f"{EXPORT_NAME}.gz", gzip.compress(data, mtime=0), "All that is kept about you")
    return Attachment(EXPORT_NAME, data, "All that is kept about you")


def preview_words(preview: ErasureSummary) -> str:
    """Say what deletion will do, before it is confirmed."""
    if preview.is_empty:
        return NOTHING_KEPT
    return (
        "**Delete your data, in all servers?** This can't be undone.\n"
        f"• No longer yours, without prompts, songs and messages' addresses: {_counts(preview)}.\n"
        "• The songs' messages in channels stay, and **Again** and **Remove** under them no longer work for "
        "you. To have one taken away, press **Remove** first.\n"
        f"• The credit records stay, without you.{_rest(preview)}"
    )


def erasure_words(erased: ErasureSummary) -> str:
    """Say what was deleted, and what remains."""
    if erased.is_empty:
        return NOTHING_KEPT
    return f"Deleted: {_counts(erased)}. The credit records stay, without you.{_rest(erased)}"


def _counts(done: ErasureSummary) -> str:
    named = (
        (done.requests, "request", "requests"),
        (done.ratings, "rating", "ratings"),
        (done.playlists, "saved playlist's author", "saved playlists' author"),
        (done.decisions, "moderators' decision", "moderators' decisions"),
    )
    return ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in named)


def _rest(done: ErasureSummary) -> str:
    """Say what remains, until when, and why."""
    if done.until is None:
        return ""
    words = (
        "\n• What you have used of your allowance is remembered until it ends, the last of it "
        f"{relative(done.until)}; then that goes, too, with bonus credits that are left. If you ask for a "
        "song before that, you are a member as before."
    )
    if done.blocked:
        where = "one server" if done.blocked == 1 else f"{done.blocked:,} servers"
        words += f"\n• Moderators of {where} don't let you ask for songs: that stays until they lift it."
    return words
