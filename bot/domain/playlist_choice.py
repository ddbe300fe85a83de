"""Which playlist a member means, and which ones are suggested for what they have typed so far."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import PlaylistError, RefusalError
from bot.domain.playlists import SavedPlaylist, name_key
from bot.domain.song_options import PlaylistName, parse_playlist_or_name

SURPRISE = "Surprise me"
"""What members choose or type for a random saved playlist."""
MAX_SUGGESTIONS = 25
"""The most autocomplete choices that Discord shows."""
MAX_OWN = 5
"""The most suggestions of playlists that are not saved, from the member's own last songs."""

_PREFIX = re.compile(r"(<?/inspire(:\d+>)?)?\s*(playlist\s*[:=])?\s*", re.IGNORECASE)
_AROUND = " \t\n.,;:!?\"'`*_~|<>()[]{}\u00ab\u00bb\u2018\u2019\u201c\u201d\u201e"
"""What people and apps put around a name."""


@dataclass(eq=False)
class NoPlaylistError(RefusalError):
    """A request without a playlist in a server that has saved none."""


@dataclass(eq=False)
class AmbiguousPlaylistError(RefusalError):
    """The beginning of several saved playlists' names."""

    text: str
    names: tuple[str, ...]


@dataclass(eq=False)
class OnlySavedError(RefusalError):
    """A playlist that is not saved where only saved ones can be requested; `names` are those."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnPlaylist:
    """A playlist from which a member had a song made."""

    playlist_id: str
    title: str | None
    """The song's title."""


class SuggestionKind(StrEnum):
    """The reason for which a playlist is suggested."""

    DEFAULT = "default"
    SURPRISE = "surprise"
    SAVED = "saved"
    OWN = "own"
    LINK = "link"
    """The text is its link or id."""
    NOTHING = "nothing"
    """There is none yet: the suggestion tells what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A suggested playlist; `value` is what the option gets."""

    kind: SuggestionKind
    value: str
    name: str | None = None
    """The name of a saved playlist, or the title of the member's own song."""


def choose_playlist(
    asked: PlaylistName | None, saved: Sequence[SavedPlaylist], *, default: str | None, random: int
) -> SavedPlaylist:
    """Return the saved playlist that a request means: by name, or the default one, or a random one.

    `default` is the name of the server's default playlist, and `random` any number that is not negative.

    Raises:
        PlaylistError, AmbiguousPlaylistError: no saved playlist has this name, or several begin with it.
        NoPlaylistError: none is named, and none is saved.
    """
    if asked is not None:
        found = find_saved(saved, asked.text)
        if len(found) > 1:
            raise AmbiguousPlaylistError(asked.text, tuple(one.name for one in found))
        if found:
            return found[0]
        if search_key(asked.text) != search_key(SURPRISE):
            raise PlaylistError(asked.kind, _names(saved))
    if not saved:
        raise NoPlaylistError
    usual = [one for one in saved if asked is None and is_default(one, default)]
    return usual[0] if usual else saved[random % len(saved)]


def require_saved(playlist: str | PlaylistName | None, saved: Sequence[SavedPlaylist]) -> str:
    """Return the id of the playlist if it is saved.

    Raises:
        OnlySavedError: it is not.
    """
    found = next((one.playlist_id for one in saved if one.playlist_id == playlist), None)
    if found is None:
        raise OnlySavedError(_names(saved))
    return found


def _names(saved: Iterable[SavedPlaylist]) -> tuple[str, ...]:
    return tuple(one.name for one in last_used_first(saved))


def is_default(playlist: SavedPlaylist, default: str | None) -> bool:
    """Return True if `default`, a name or None, is that of the playlist."""
    return default is not None and playlist.key == name_key(default)


def find_saved(saved: Iterable[SavedPlaylist], text: str) -> list[SavedPlaylist]:
    """Return the playlist with this name, or else those whose name begins with it, accents folded."""
    playlists, key, wanted = list(saved), name_key(text), search_key(text)
    same = [one for one in playlists if one.key == key]
    if same or not wanted:
        return same
    alike = [one for one in playlists if search_key(one.name) == wanted]
    return alike or [one for one in playlists if search_key(one.name).startswith(wanted)]


def search_key(text: str) -> str:
    """Return the text for a comparison: without case, accents, widths and what stands around a name."""
    bare = _PREFIX.sub("", name_key(text), count=1).strip(_AROUND)
    return "".join(c for c in unicodedata.normalize("NFKD", bare) if unicodedata.category(c) != "Mn")


def matching_playlists(saved: Iterable[SavedPlaylist], typed: str) -> list[SavedPlaylist]:
    """Return the playlists that match what was typed so far, the best first, at most `MAX_SUGGESTIONS`."""
    return _ranked(saved, search_key(typed))[:MAX_SUGGESTIONS]


def suggest_playlists(
    saved: Sequence[SavedPlaylist],
    own: Iterable[OwnPlaylist],
    typed: str,
    *,
    default: str | None,
    only_saved: bool = False,
) -> list[Suggestion]:
    """Return at least one suggestion: the default, a random one, the saved ones, and the member's own ones.

    A link or id is suggested as it is; other text that matches nothing gets the suggestions for no text.
    `own` is newest first, and `default` the name of the default playlist. With `only_saved`, all others are
    left out.
    """
    link = parse_playlist_or_name(typed)
    if isinstance(link, str):
        named = [_saved(one, default) for one in saved if one.playlist_id == link]
        if named or not only_saved:
            return named[:1] or [Suggestion(kind=SuggestionKind.LINK, value=link)]
    mine = [] if only_saved else _unsaved(own, saved)
    found = _matching(saved, mine, search_key(typed), default) or _matching(saved, mine, "", default)
    return found or [Suggestion(kind=SuggestionKind.NOTHING, value=SURPRISE)]


def _matching(
    saved: Iterable[SavedPlaylist], own: Iterable[Suggestion], wanted: str, default: str | None
) -> list[Suggestion]:
    mine = [one for one in own if wanted in search_key(one.name or "")][:MAX_OWN]
    named = [_saved(one, default) for one in _ranked(saved, wanted)]
    if not wanted:
        named.sort(key=lambda one: one.kind is not SuggestionKind.DEFAULT)
    at = sum(one.kind is SuggestionKind.DEFAULT for one in named[:1])
    if saved and wanted in search_key(SURPRISE):
        named.insert(at, Suggestion(kind=SuggestionKind.SURPRISE, value=SURPRISE))
    return [*named[: MAX_SUGGESTIONS - len(mine)], *mine]


def _ranked(saved: Iterable[SavedPlaylist], wanted: str) -> list[SavedPlaylist]:
    """Return the playlists whose name contains the text, first those that begin with it, last used first."""
    keyed = [(search_key(one.name), one) for one in last_used_first(saved)]
    matches = [(not key.startswith(wanted), one) for key, one in keyed if wanted in key]
    return [one for _, one in sorted(matches, key=lambda match: match[0])]


def _saved(playlist: SavedPlaylist, default: str | None) -> Suggestion:
    kind = SuggestionKind.DEFAULT if is_default(playlist, default) else SuggestionKind.SAVED
    return Suggestion(kind=kind, value=playlist.playlist_id, name=playlist.name)


def _unsaved(own: Iterable[OwnPlaylist], saved: Iterable[SavedPlaylist]) -> list[Suggestion]:
    """Return each playlist that is not saved once, for the newest song that was made from it."""
    known = {one.playlist_id for one in saved}
    mine: dict[str, Suggestion] = {}
    for one in own:
        if one.playlist_id not in known | mine.keys():
            mine[one.playlist_id] = Suggestion(kind=SuggestionKind.OWN, value=one.playlist_id, name=one.title)
    return list(mine.values())


def last_used_first(saved: Iterable[SavedPlaylist]) -> list[SavedPlaylist]:
    """Return the playlists, last used first; those that were never used follow by their names."""
    return sorted(saved, key=lambda one: (-(one.used_at.timestamp() if one.used_at else 0.0), one.key))
