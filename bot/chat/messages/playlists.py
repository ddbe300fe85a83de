"""Confirmations of changes to the saved playlists."""

from bot.chat.text.formatting import playlist_page, quoted
from bot.domain.playlists import NAME_LIMIT, SavedPlaylist
from bot.services.library.playlists import SavedResult


def added_words(added: SavedResult) -> str:
    """Confirm that a playlist was saved, and name the one that it replaced."""
    words = f"Saved: {_linked(added.playlist)}. `/inspire` offers it from now on."
    if added.before is None:
        return words
    return f"{words} Before, that name meant [another playlist](<{playlist_page(added.before.playlist_id)}>)."


def removed_words(playlist: SavedPlaylist) -> str:
    """Confirm that a playlist was removed."""
    return f"No longer saved: {_linked(playlist)}. Songs that were made from it stay."


def _linked(playlist: SavedPlaylist) -> str:
    name = quoted(playlist.name, limit=2 * NAME_LIMIT)
    return f"[{name}](<{playlist_page(playlist.playlist_id)}>)"
