"""Error messages about the playlist and the prompt of a request."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bot.chat.text.formatting import quoted
from bot.chat.text.link_errors import PLAYLIST, link_error
from bot.domain.errors import PlaylistError, RefusalError
from bot.domain.playlist_choice import AmbiguousPlaylistError, NoPlaylistError, OnlySavedError
from bot.domain.playlists import NAME_LIMIT
from bot.domain.words import WORD_LIMIT, WordError

NO_PLAYLIST = (
    "No playlist is saved in this server yet. Paste the link of a Suno playlist into `playlist`, or ask a "
    "moderator to save one with `/playlists add`."
)
NONE_SAVED = "There are none yet: ask a moderator to save one with `/playlists add`."
ONLY_SAVED = "This server takes requests from its saved playlists only."
NAMES_SHOWN, NAME_SHOWN = 5, 60
"""How many names of saved playlists an answer has, and characters of each."""


def _playlist(error: PlaylistError) -> str:
    named = f" Saved here: {_names(error.saved)}." if error.saved else ""
    return f"{link_error(error.kind, PLAYLIST)}{named}"


def _ambiguous(error: AmbiguousPlaylistError) -> str:
    return (
        f"More than one saved playlist starts with “{quoted(error.text, limit=NAME_LIMIT)}”: "
        f"{_names(error.names)}. Type more of the name."
    )


def _no_playlist(_: NoPlaylistError) -> str:
    return NO_PLAYLIST


def _only_saved(error: OnlySavedError) -> str:
    which = f"Choose one: {_names(error.names)}." if error.names else NONE_SAVED
    return f"{ONLY_SAVED} {which}"


def _word(error: WordError) -> str:
    word = quoted(error.word, limit=2 * WORD_LIMIT)
    return f"The moderators of this server don't allow “{word}” in prompts. Leave it out, then try again."


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{quoted(name, limit=NAME_SHOWN)}”" for name in names[:NAMES_SHOWN])
    left = len(names) - NAMES_SHOWN
    return f"{shown} and {left:,} more" if left > 0 else shown


PLAYLIST_SENTENCES: Mapping[type[RefusalError], Callable[[Any], str]] = MappingProxyType(
    {
        PlaylistError: _playlist,
        AmbiguousPlaylistError: _ambiguous,
        NoPlaylistError: _no_playlist,
        OnlySavedError: _only_saved,
        WordError: _word,
    }
)
"""Message builders by type of error, without what follows for credits."""
