"""Saved playlists and their names."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import LinkKind, RefusalError
from bot.domain.requests import FailureKind
from bot.domain.song_options import PlaylistName, parse_playlist_or_name
from bot.domain.text import clean_text

NAME_LIMIT = 100
"""Characters."""
MAX_PLAYLISTS = 100
"""Saved playlists that one server may have."""


class NameProblem(StrEnum):
    """The problem with a name."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    LINK = "link"
    """It reads as a link or an id, which always means the playlist itself."""


@dataclass(eq=False)
class PlaylistNameError(RefusalError):
    """A name that a saved playlist cannot have."""

    problem: NameProblem


@dataclass(eq=False)
class PlaylistsFullError(RefusalError):
    """A server with as many saved playlists as allowed."""

    limit: int


@dataclass(eq=False)
class PlaylistSavedError(RefusalError):
    """A playlist that is already saved under this name."""

    name: str


@dataclass(eq=False)
class PlaylistUnknownError(RefusalError):
    """A name under which no playlist is saved."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistOutcomes:
    """What the requests from a playlist came to since it was saved; the counts name nobody, and stay."""

    songs: int = 0
    """The songs that were made, also those that were removed later."""
    loves: int = 0
    failures: int = 0
    last_failure: FailureKind | None = None
    """Why the last one failed; None: none did, or it was before failures were kept."""
    failed_at: datetime | None = None


NO_OUTCOMES = PlaylistOutcomes()
"""The outcomes of a playlist that was just saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlaylist:
    """A playlist that members can request by name."""

    name: str
    """As `parse_name` returns it."""
    playlist_id: str
    added_by: int
    """The moderator's user id."""
    added_at: datetime
    used_at: datetime | None = None
    """Roughly when a song was last requested from this playlist."""
    outcomes: PlaylistOutcomes = NO_OUTCOMES

    @property
    def key(self) -> str:
        """Return the key of the name, which ignores case."""
        return name_key(self.name)


def parse_name(text: str) -> str:
    """Return the name as it is stored and shown: NFKC-normalized, with single spaces.

    Raises:
        PlaylistNameError: the name is empty, too long, or reads as a link.
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
    """Return the key of a name: the same for all its cases and Unicode spellings."""
    return unicodedata.normalize("NFKC", _normalized(text).casefold())


def is_valid_name(text: str) -> bool:
    """Return False if the text reads as a link, or as the id of a playlist."""
    named = parse_playlist_or_name(text)
    return isinstance(named, PlaylistName) and named.kind is not LinkKind.SEVERAL and "://" not in text


def _normalized(text: str) -> str:
    return " ".join(clean_text(unicodedata.normalize("NFKC", clean_text(text))).split())
