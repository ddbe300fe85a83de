"""Text and links escaped and cut for Discord, and formats that many messages share.

The limits are Discord's ("Embed Limits", "Component Reference"); lengths are in characters.
"""

import itertools
import math
import re
import unicodedata
from datetime import datetime
from urllib.parse import urlsplit

from bot.chat.translation import gettext, ngettext
from bot.domain.playlists import NAME_LIMIT
from bot.domain.text import clean_text

CONTENT_LIMIT = 2000
TITLE_LIMIT = 256
DESCRIPTION_LIMIT = 4096
FIELD_LIMIT = 1024
LABEL_LIMIT = 80
BUTTON_URL_LIMIT = 512
EMBED_URL_LIMIT = 2048
QUOTE_LIMIT = 100
"""Characters of a prompt's beginning: about one line on a computer, two on a phone."""
SERVER_NAME_LIMIT = 40
"""Characters of a server's name beside its id, escapes included: twenty fit into a message."""
REASON_LIMIT = 500
"""Characters of a moderator's reason that are shown; the bot's own limit."""

THIS_PLAYLIST = "this playlist"
DASH = "\N{EN DASH}"
ELLIPSIS = "…"

FILE_NAME_BYTES = 180
"""Bytes of a file's name without its number and extension; file systems take 255 in all."""

_SPECIAL = frozenset("\\*_~|`[]()<>@#")
_LINE_STARTS = re.compile(r"(?:[-+]|\d+\.)(?=\s)")
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def plain(text: str | None, *, limit: int, otherwise: str = "") -> str:
    """Format text as one line without control characters, where Discord renders no markdown.

    Returns `otherwise` if nothing visible is left.
    """
    words = _one_line(text)
    return _cut(list(words), limit) if words else otherwise


def quoted(text: str | None, *, limit: int, otherwise: str = "") -> str:
    """Escape text to be shown as it was typed where Discord renders markdown, links and mentions."""
    words = _one_line(text)
    return _cut(_escaped(words), limit) if words else otherwise


def link(url: str | None, *, limit: int) -> str | None:
    """Return the URL if Discord accepts it as a link of at most `limit` characters, else None."""
    if (
        not url
        or len(url) > limit
        or not url.isascii()
        or not url.isprintable()
        or re.search(r"[\s<>\"]", url)
    ):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and host else None


def song_page(clip_id: str) -> str | None:
    """Return the URL of a clip's page on Suno; None if the id cannot be part of a URL."""
    return f"https://suno.com/song/{clip_id}" if _ID.fullmatch(clip_id) else None


def playlist_page(playlist_id: str) -> str:
    """Return the URL of a playlist's page on Suno."""
    return f"https://suno.com/playlist/{playlist_id}"


def message_page(guild_id: int, channel_id: int, message_id: int) -> str:
    """Return the URL of a message in a server."""
    return f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}"


def server_name(guild_id: int, name: str | None) -> str:
    """Format a server for the bot's owner: its id, which commands take, after its name if that is known."""
    words = quoted(name, limit=SERVER_NAME_LIMIT)
    return f"**{words}** (`{guild_id}`)" if words else f"`{guild_id}`"


def playlist_link(playlist_id: str, name: str | None) -> str:
    """Format a playlist as a link without a preview, by the name that the server has saved it under."""
    words = quoted(name, limit=2 * NAME_LIMIT, otherwise=THIS_PLAYLIST)
    return f"[{words}](<{playlist_page(playlist_id)}>)"


def capitalized(words: str) -> str:
    """Return words that stand alone: with a capital letter at their start, and else as they are."""
    return words[:1].upper() + words[1:]


def quote(text: str | None) -> str:
    """Format the beginning of what a member wrote as a quote of one line; empty if there is nothing."""
    words = quoted(text, limit=QUOTE_LIMIT)
    return f"> {words}" if words else ""


def mention(user_id: int) -> str:
    """Format a mention of the member; the message's `AllowedMentions` decide whether it notifies them."""
    return f"<@{user_id}>"


def role_mention(role_id: int) -> str:
    """Format a mention of the role; as with `mention`, it notifies nobody by itself."""
    return f"<@&{role_id}>"


def relative(at: datetime) -> str:
    """Format a time as "in 5 minutes", which the reader's own client keeps up to date."""
    return f"<t:{int(at.timestamp())}:R>"


def moment(at: datetime) -> str:
    """Format a time with its date, for where "in 23 hours" a second after "24 hours" would irritate."""
    return f"<t:{int(at.timestamp())}:f>"


def counted(count: int, noun: str) -> str:
    """Format a number of things whose plural ends in "s", for example "1 song" or "1,200 songs"."""
    return f"{count:,} {noun}" if abs(count) == 1 else f"{count:,} {noun}s"


def in_credits(count: int) -> str:
    """Format an amount of credits, for example "30 credits"."""
    return ngettext("{count} credit", "{count} credits", count)


def are_back(count: int) -> str:
    """Say that a request's credits were returned; empty if it cost none."""
    if not count:
        return ""
    return f"Your {in_credits(count)} {'is' if count == 1 else 'are'} back."


def reason_text(reason: str | None, *, limit: int = REASON_LIMIT, otherwise: str = "") -> str:
    """Format the reason that a moderator gave, in their own words."""
    return gettext("Reason: {reason}", reason=quoted(reason, limit=limit, otherwise=otherwise))


def minutes(duration_s: float | None) -> str:
    """Format a duration in seconds as `m:ss`; a dash if it is unknown."""
    if duration_s is None or not math.isfinite(duration_s) or duration_s <= 0:
        return DASH
    whole, seconds = divmod(int(duration_s), 60)
    return f"{whole}:{seconds:02}"


def file_name(title: str | None, *, number: int, extension: str) -> str:
    """Build the file name of clip `number` from its title, for example `night-drive-1.mp3`."""
    known = unicodedata.normalize("NFKC", plain(title, limit=60)).casefold()
    # marks are part of the letters before them, as vowels are in many scripts
    named = "".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else "-" for c in known)
    stem = re.sub("-+", "-", named).strip("-").encode()[:FILE_NAME_BYTES].decode(errors="ignore") or "song"
    kind = re.sub(r"[^a-z0-9]", "", extension.lower())[:5] or "bin"
    return f"{stem}-{number}.{kind}"


def _one_line(text: str | None) -> str:
    return " ".join(clean_text(text or "").split())


def _escaped(words: str) -> list[str]:
    """Split a line into characters, with a backslash before those that need it."""
    marks = {m.end() - 1 for m in (_LINE_STARTS.match(words),) if m}
    marks |= {m.start() for m in re.finditer("://", words)}
    return [f"\\{c}" if c in _SPECIAL or i in marks else c for i, c in enumerate(words)]


def _cut(pieces: list[str], limit: int) -> str:
    """Join as many whole pieces as fit, with an ellipsis if some are left out."""
    whole = "".join(pieces)
    if len(whole) <= limit:
        return whole
    ends = itertools.accumulate(len(piece) for piece in pieces)
    kept = sum(end < limit for end in ends)
    return "".join(pieces[:kept]).rstrip() + ELLIPSIS
