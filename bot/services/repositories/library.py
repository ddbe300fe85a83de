"""What a server keeps, as units of work see it: saved playlists, finished songs, and members' votes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.playlists import SavedPlaylist
from bot.domain.songs import Rating, Song, Viewer


class Playlists(Protocol):
    """The saved playlists."""

    def list(self, guild_id: int) -> list[SavedPlaylist]:
        """A server's playlists, by name."""
        ...

    def find(self, guild_id: int, key: str) -> SavedPlaylist | None:
        """The playlist that is known by this key."""
        ...

    def put(self, guild_id: int, playlist: SavedPlaylist) -> None:
        """Save it, in place of another one of the same key."""
        ...

    def remove(self, guild_id: int, key: str) -> None:
        """Forget the playlist."""
        ...

    def mark_used(self, guild_id: int, playlist_id: str, *, now: datetime) -> None:
        """A song was asked for from this playlist; within a minute that is not written down again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SongFilter:
    """Which songs of a server are looked for."""

    guild_id: int
    user_id: int | None = None
    """Whose they are, if only one member's count."""
    viewer: Viewer | None = None
    """Who looks, and so sees no songs of channels that are closed to them; None: all songs."""
    since: datetime | None = None
    """When they were finished at the earliest."""
    rated: bool = False
    """Only those with a vote, best first: then more votes, then the newest. Else the newest first."""


@dataclass(frozen=True, slots=True)
class SongTitle:
    """What a song is called, for somebody who looks for it by name."""

    request_id: int
    words: str | None
    placed_at: datetime


class Library(Protocol):
    """The finished songs that were not removed."""

    def count(self, song_filter: SongFilter) -> int:
        """How many there are."""
        ...

    def songs(self, song_filter: SongFilter, *, limit: int, offset: int = 0) -> list[Song]:
        """Some of them, in their order."""
        ...

    def titles(self, song_filter: SongFilter, *, limit: int) -> list[SongTitle]:
        """What the newest of them are called, newest first."""
        ...

    def rating(self, request_id: int) -> Rating:
        """What members think of one song."""
        ...

    def rate(self, request_id: int, user_id: int, stars: int, *, now: datetime) -> None:
        """Keep the member's one vote, in place of an earlier one."""
        ...

    def remove(self, request_id: int, *, now: datetime) -> bool:
        """Take a song away; False when it was taken away before."""
        ...
