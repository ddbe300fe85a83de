"""Saved playlists: what they may be called, and which of them somebody who types means."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import LinkKind, PlaylistError, RefusalError
from bot.domain.song_options import parse_playlist
from bot.domain.text import clean_text

NAME_LIMIT = 100
"""Characters of a name."""
MAX_PLAYLISTS = 100
"""Saved playlists that one server may have."""
MAX_SUGGESTIONS = 25
"""Choices that Discord shows at a time."""


class NameProblem(StrEnum):
    """What is wrong with a name."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    LINK = "link"
    """It reads as a link or an id, which always means that playlist itself."""


@dataclass(eq=False)
class PlaylistNameError(RefusalError):
    """A saved playlist cannot be called so."""

    problem: NameProblem


@dataclass(eq=False)
class PlaylistsFullError(RefusalError):
    """The server has as many saved playlists as it may have."""

    limit: int


@dataclass(eq=False)
class PlaylistSavedError(RefusalError):
    """This very playlist is saved under this name already."""

    name: str


@dataclass(eq=False)
class PlaylistUnknownError(RefusalError):
    """No playlist is saved under this name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlaylist:
    """A playlist that members can ask for by a name."""

    name: str
    """As `name_of` gives it."""
    playlist_id: str
    added_by: int
    """The moderator's user id."""
    added_at: datetime
    used_at: datetime | None = None
    """About when a song was last asked for from this playlist."""

    @property
    def key(self) -> str:
        """What the name is known by, in whatever case it is typed."""
        return name_key(self.name)


def parse_name(text: str) -> str:
    """The name as it is kept and shown: one spelling of each character, blanks evened.

    Raises:
        PlaylistNameError: no playlist can be called so.
    """
    name = _normalized(text)
    if not name:
        raise PlaylistNameError(NameProblem.EMPTY)
    if max(len(name), len(name_key(name))) > NAME_LIMIT:
        raise PlaylistNameError(NameProblem.TOO_LONG)
    if not is_valid_name(name):
        raise PlaylistNameError(NameProblem.LINK)
    return name


def name_key(text: str) -> str:
    """What a name is known by: the same for all cases and spellings of it."""
    return unicodedata.normalize("NFKC", _normalized(text).casefold())


def is_valid_name(text: str) -> bool:
    """False for what reads as a link, or as the id of a playlist."""
    if "://" in text:
        return False
    try:
        parse_playlist(text)
    except PlaylistError as error:
        return error.kind is not LinkKind.SEVERAL
    return False


def suggestions(playlists: Iterable[SavedPlaylist], typed: str) -> list[SavedPlaylist]:
    """Those that somebody who has typed so much may mean.

    Names that begin so come before names that contain it, each with the last used first.
    """
    wanted = name_key(typed)
    ranked = sorted(playlists, key=_last_used_first)
    meant = [playlist for playlist in ranked if wanted in playlist.key]
    return sorted(meant, key=lambda playlist: not playlist.key.startswith(wanted))[:MAX_SUGGESTIONS]


def _last_used_first(playlist: SavedPlaylist) -> tuple[float, str]:
    return -(playlist.used_at.timestamp() if playlist.used_at else 0.0), playlist.key


def _normalized(text: str) -> str:
    return " ".join(clean_text(unicodedata.normalize("NFKC", clean_text(text))).split())
