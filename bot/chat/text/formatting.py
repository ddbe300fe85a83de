"""Words and links made safe and short enough for Discord, and the forms that many messages share.

The limits are Discord's ("Embed Limits", "Component Reference"); lengths are in characters.
"""

import itertools
import math
import re
import unicodedata
from datetime import datetime
from urllib.parse import urlsplit

from bot.domain.text import clean_text

CONTENT_LIMIT = 2000
TITLE_LIMIT = 256
DESCRIPTION_LIMIT = 4096
FIELD_LIMIT = 1024
LABEL_LIMIT = 80
BUTTON_URL_LIMIT = 512
EMBED_URL_LIMIT = 2048
REASON_LIMIT = 500
"""Characters of a moderator's reason that are shown; our own bound."""

DASH = "\N{EN DASH}"
ELLIPSIS = "…"

_SPECIAL = frozenset("\\*_~|`[]()<>@#")
_LINE_STARTS = re.compile(r"(?:[-+]|\d+\.)(?=\s)")
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def plain(text: str | None, *, limit: int, otherwise: str = "") -> str:
    """The text on one line, without control characters, for places that show no markdown.

    `otherwise` stands in for a text with nothing to see in it.
    """
    words = _one_line(text)
    return _cut(list(words), limit) if words else otherwise


def quoted(text: str | None, *, limit: int, otherwise: str = "") -> str:
    """The text as it was typed, for places that show markdown: nothing in it formats, links or mentions."""
    words = _one_line(text)
    return _cut(_escaped(words), limit) if words else otherwise


def link(url: str | None, *, limit: int) -> str | None:
    """The address if Discord takes it as a link of at most `limit` characters, else None."""
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
    """A clip's own page; None when the id cannot stand in an address."""
    return f"https://suno.com/song/{clip_id}" if _ID.fullmatch(clip_id) else None


def playlist_page(playlist_id: str) -> str:
    """A playlist's page."""
    return f"https://suno.com/playlist/{playlist_id}"


def mention(user_id: int) -> str:
    """The member, as a mention; whom it notifies is for the message's `AllowedMentions` to say."""
    return f"<@{user_id}>"


def relative(at: datetime) -> str:
    """The moment as "in 5 minutes", counted down by the reader's own client."""
    return f"<t:{int(at.timestamp())}:R>"


def in_credits(count: int) -> str:
    """So many credits, in words."""
    return f"{count:,} credit" if abs(count) == 1 else f"{count:,} credits"


def are_back(count: int) -> str:
    """The sentence that says that a request's credits were given back; empty when it cost none."""
    if not count:
        return ""
    return f"Your {in_credits(count)} {'is' if count == 1 else 'are'} back."


def minutes(duration_s: float | None) -> str:
    """A length in seconds as `m:ss`, cut to whole seconds; a dash when it is not known."""
    if duration_s is None or not math.isfinite(duration_s) or duration_s <= 0:
        return DASH
    whole, seconds = divmod(int(duration_s), 60)
    return f"{whole}:{seconds:02}"


def file_name(title: str | None, *, number: int, extension: str) -> str:
    """A name for the file of clip `number`: from its title, for example `night-drive-1.mp3`."""
    known = unicodedata.normalize("NFKC", plain(title, limit=60)).casefold()
    stem = re.sub(r"[\W_]+", "-", known).strip("-") or "song"
    kind = re.sub(r"[^a-z0-9]", "", extension.lower())[:5] or "bin"
    return f"{stem}-{number}.{kind}"


def _one_line(text: str | None) -> str:
    return " ".join(clean_text(text or "").split())


def _escaped(words: str) -> list[str]:
    """The characters of a line, each with the backslash that it needs."""
    marks = {m.end() - 1 for m in (_LINE_STARTS.match(words),) if m}
    marks |= {m.start() for m in re.finditer("://", words)}
    return [f"\\{c}" if c in _SPECIAL or i in marks else c for i, c in enumerate(words)]


def _cut(pieces: list[str], limit: int) -> str:
    """The pieces as one text, whole ones only, with an ellipsis where some are left out."""
    whole = "".join(pieces)
    if len(whole) <= limit:
        return whole
    ends = itertools.accumulate(len(piece) for piece in pieces)
    kept = sum(end < limit for end in ends)
    return "".join(pieces[:kept]).rstrip() + ELLIPSIS
