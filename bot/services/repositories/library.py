"""The persistence ports of saved playlists, finished songs and loves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.playlist_choice import OwnPlaylist
from bot.domain.playlists import SavedPlaylist
from bot.domain.requests import Failure, FailureKind
from bot.domain.songs import Loves, Song, Viewer


class Playlists(Protocol):
    """The saved playlists."""

    def list(self, guild_id: int) -> list[SavedPlaylist]:
        """Return a server's playlists, by name."""
        ...

    def find(self, guild_id: int, key: str) -> SavedPlaylist | None:
        """Return the playlist with this key."""
        ...

    def name_of(self, guild_id: int, playlist_id: str) -> str | None:
        """Return the name under which the server has saved the playlist; None: it has not."""
        ...

    def put(self, guild_id: int, playlist: SavedPlaylist) -> None:
        """Save the playlist, replacing one with the same key."""
        ...

    def remove(self, guild_id: int, key: str) -> None:
        """Delete the playlist."""
        ...

    def of_member(self, guild_id: int, user_id: int, *, songs: int) -> Sequence[OwnPlaylist]:
        """Return the playlists of the member's newest songs, so many at most, newest first."""
        ...

    def mark_used(self, guild_id: int, playlist_id: str, *, now: datetime) -> None:
        """Record that a song was requested from this playlist, at most once a minute."""
        ...

    def count_song(self, guild_id: int, playlist_id: str) -> None:
        """Count a song that was made from this playlist, if the server has saved it."""
        ...

    def count_failure(self, guild_id: int, playlist_id: str, kind: FailureKind, *, now: datetime) -> None:
        """Count a request from this playlist that failed, if the server has saved it."""
        ...

    def count_love(self, guild_id: int, playlist_id: str, *, taken_back: bool = False) -> None:
        """Count a love of a song from this playlist, or one less, if the server has saved it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SongFilter:
    """The songs of a server to look for."""

    guild_id: int
    user_id: int | None = None
    """The member whose songs to find; None: everybody's."""
    viewer: Viewer | None = None
    """The member for whom to hide songs of channels that they cannot see; None: hide nothing."""
    since: datetime | None = None
    """The earliest time of their end."""
    loved: bool = False
    """Only songs that members love, those of most members first, then newest first; else newest first."""
    newest: int = 1000
    """The most songs to look at, so that it takes as long however many there are."""
    most_loved: int = 500
    """The most loved songs to look at besides the newest."""


@dataclass(frozen=True, slots=True)
class SongTitle:
    """The title of a song, for a search by name."""

    request_id: int
    words: str | None
    placed_at: datetime


class Library(Protocol):
    """The finished songs that were not removed."""

    def ids(self, song_filter: SongFilter) -> list[int]:
        """Return the ids of the songs that match, in the filter's order.

        Of many, only the newest are looked at, and of loved ones the most loved as well.
        """
        ...

    def songs(self, ids: Sequence[int]) -> list[Song]:
        """Return the songs with these ids, in this order."""
        ...

    def titles(self, ids: Sequence[int]) -> list[SongTitle]:
        """Return the titles of the songs with these ids, in this order."""
        ...

    def loves(self, request_id: int) -> Loves:
        """Return how many members love a song."""
        ...

    def press_heart(
        self, request_id: int, clip: int, user_id: int, *, press_id: int, now: datetime
    ) -> bool | None:
        """Store the member's love of a clip, or take it back; until the end, others wait for the song.

        `press_id` is the id of the press's interaction. Return whether the member loves the clip now; None if
        nothing was changed, because the press was counted before, or is too close to the last one.
        """
        ...

    def remove(self, request_id: int, *, failure: Failure | None, now: datetime) -> bool:
        """Mark a song as removed, with a moderator's reason; return False if it was removed before."""
        ...
