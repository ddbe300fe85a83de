"""Recognition of Suno links and ids in pasted text.

The text is normalized (NFKC, percent-encoding decoded), then split at everything that cannot be part of a
link: whitespace, quotes, brackets, markdown, other scripts. A link counts among other words; an id counts
only by itself, or after a label such as "playlist".
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

from bot.domain.errors import LinkKind
from bot.domain.text import clean_text

TEXT_LIMIT = 500
"""Characters of a pasted text: a link and what apps put around it."""

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
UUID = re.compile(_UUID, re.IGNORECASE)
_BARE_UUID = re.compile(rf"{_UUID}|[0-9a-f]{{32}}", re.IGNORECASE)
_AT_END = re.compile(rf"({_UUID}|[0-9a-f]{{32}})$", re.IGNORECASE)
_IN_PATH = re.compile(rf"({_UUID}|[0-9a-f]{{32}})(?![0-9a-z-])", re.IGNORECASE)
PARTIAL_UUID = re.compile(r"[0-9a-f]{4,8}(-[0-9a-f]{0,12}){0,4}-?(\.{2,})?", re.IGNORECASE)
_CUT_PATH = re.compile(r"([0-9a-f]{1,8}(-[0-9a-f]{0,12}){0,4}-?)?(\.{2,})?", re.IGNORECASE)

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_SEPARATORS = re.compile(r"[\s<>()\[\]{}\"'`|*~,;\\^\u00ab\u00bb\u2018-\u201f\u2039\u203a\u3001-\u3011]+")
_NEXT_LINK = re.compile(r"(?<=.)(?=https?:/)", re.IGNORECASE)
_EDGES = ".:!?_=#-"
_SCHEME = re.compile(r"([a-z][a-z0-9+-]*):/+", re.IGNORECASE)
_BAD_SCHEME = re.compile(r"\b(?:h?t)?tps?(?::/*|//+)(?=[\w.-]*suno\.)", re.IGNORECASE)
"""A scheme of a link to Suno, however it was typed or cut."""
_AUTHORITY = re.compile(r"(?:[^/?#]*@)?([^/?#@:]*)(?::[^/?#]*)?")
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+\.?", re.IGNORECASE)
_OWN_HOST = re.compile(r"(.+\.)?suno\.(com|ai)", re.IGNORECASE)
_SECTIONS = {
    "playlist": LinkKind.PLAYLIST_LINK,
    "playlists": LinkKind.PLAYLIST_LINK,
    "song": LinkKind.SONG_LINK,
    "embed": LinkKind.SONG_LINK,
    "persona": LinkKind.PERSONA_LINK,
}
_LABELS = {
    LinkKind.PLAYLIST_LINK: {"playlist", "playlistid", "playlist_id"},
    LinkKind.SONG_LINK: {"song", "clip", "songid", "song_id", "clipid", "clip_id"},
    LinkKind.PERSONA_LINK: {"persona", "personaid", "persona_id"},
}
_ANY_LABEL = {"inspire", "id", "uuid", "urn", "suno", "link", "url"}


class LinkMatch(NamedTuple):
    """The page that a text, or a part of it, refers to."""

    kind: LinkKind
    id: str | None = None
    """In lower case, with hyphens; None if there is none, or more than one."""


def find_link(text: str, wanted: LinkKind) -> LinkMatch:
    """Return what the text refers to; an id by itself counts as `wanted`, one of the three kinds with ids."""
    normalized = _normalized(text)
    words = list(_words(normalized))
    if not _SEPARATORS.sub("", normalized).strip(_EDGES):
        return LinkMatch(LinkKind.EMPTY)
    links = [found for word in words if (found := _link(word, wanted, is_alone=len(words) == 1))]
    if {found.kind for found in links} == {LinkKind.CUT_OFF}:
        ids = {_hyphenated(id_) for word in words for id_ in re.findall(_UUID, word, re.IGNORECASE)}
        return LinkMatch(wanted, ids.pop()) if len(ids) == 1 else links[0]  # a link with a break in it
    return _chosen(links, wanted) if links else _bare(words, wanted)


def _normalized(text: str) -> str:
    """Return the text NFKC-normalized, without invisible characters, percent-encoding and dash variants."""
    for _ in range(2):  # a URL inside another URL's query is encoded twice
        text = unquote(text)
    plain = unicodedata.normalize("NFKC", clean_text(text)).translate(_DASHES)
    return _BAD_SCHEME.sub("https://", plain)


def _words(text: str) -> Iterator[str]:
    for part in re.split(r"[^\x21-\x7e]+", _SEPARATORS.sub(" ", text)):
        for word in _NEXT_LINK.split(part):
            bare = word.strip(_EDGES)
            if bare:
                is_cut = word.endswith("..") and not _AT_END.search(bare)
                yield f"{bare}..." if is_cut else bare


def _chosen(links: list[LinkMatch], wanted: LinkKind) -> LinkMatch:
    """Return the link of the wanted kind, or else the most likely other one."""
    fitting = list(dict.fromkeys(found for found in links if found.kind is wanted and found.id))
    if len(fitting) > 1:
        return LinkMatch(LinkKind.SEVERAL)
    ranked = sorted(links, key=lambda found: found.kind in {LinkKind.OTHER_SITE, LinkKind.OTHER_PAGE})
    return fitting[0] if fitting else ranked[0]


def _bare(words: list[str], wanted: LinkKind) -> LinkMatch:
    """Return the id that is alone or follows its label, or what the words are instead."""
    parts = [part for word in words for part in re.split(r"[:=#/]+", word) if part]
    ids = [part for part in parts if _BARE_UUID.fullmatch(part)]
    others = {part.casefold() for part in parts if not _BARE_UUID.fullmatch(part)}
    labelled = {
        _hyphenated(id_)
        for before, id_ in pairwise(parts)
        if before.casefold() in _LABELS[wanted] and id_ in ids
    }
    if len(labelled) == 1:
        return LinkMatch(wanted, labelled.pop())
    if ids and others <= _LABELS[wanted] | _ANY_LABEL:
        distinct = list(dict.fromkeys(map(_hyphenated, ids)))
        return LinkMatch(wanted, distinct[0]) if len(distinct) == 1 else LinkMatch(LinkKind.SEVERAL)
    for kind, labels in _LABELS.items():
        if ids and others and others <= labels | _ANY_LABEL:
            return LinkMatch(kind)
    if len(words) == 1 and PARTIAL_UUID.fullmatch(words[0]):
        return LinkMatch(LinkKind.CUT_OFF)
    return LinkMatch(LinkKind.FREE_TEXT)


def _link(word: str, wanted: LinkKind, *, is_alone: bool) -> LinkMatch | None:
    """Return what the word links to, if anything; among others it needs a scheme, path or Suno's host."""
    scheme = _SCHEME.match(word)
    rest = word[scheme.end() :] if scheme else word.lstrip("/")
    authority = _AUTHORITY.match(rest)
    host, path = (authority[1].rstrip("."), rest[authority.end() :]) if authority else ("", "")
    if scheme is None and not _HOST.fullmatch(host):
        return None
    if not _OWN_HOST.fullmatch(host) or (scheme and scheme[1].casefold() not in {"http", "https"}):
        return LinkMatch(LinkKind.OTHER_SITE) if scheme or is_alone or path else None
    return _page(re.split("[?#]", path)[0], wanted)


def _page(path: str, wanted: LinkKind) -> LinkMatch:
    """Return the page of Suno that the path leads to."""
    parts = [part for part in path.split("/") if part]
    for part, name in zip(parts[:3], [*parts[1:], ""], strict=False):
        kind = _SECTIONS.get(part.casefold())
        if kind is None:
            continue
        whole = _IN_PATH.match(name)
        if whole:
            return LinkMatch(kind, _hyphenated(whole[1]))
        return LinkMatch(LinkKind.CUT_OFF if kind is wanted and _CUT_PATH.fullmatch(name) else kind)
    is_short = bool(parts) and parts[0].casefold() == "s"
    return LinkMatch(LinkKind.SHORT_LINK if is_short else LinkKind.OTHER_PAGE)


def _hyphenated(found: str) -> str:
    digits = found.replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
