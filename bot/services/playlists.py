"""Saved playlists as members and moderators see them."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.changes import Action, Facts
from bot.domain.playlists import (
    MOST_PLAYLISTS,
    PlaylistSavedError,
    PlaylistsFullError,
    PlaylistUnknownError,
    SavedPlaylist,
    key_of,
    name_of,
    offered,
)
from bot.domain.songs import read_playlist
from bot.services.decisions import By, decide
from bot.services.paging import Sheet, sheet_of
from bot.services.ports import Clock
from bot.services.work import Store, Work, unit_of_work

PAGE = 10
"""Playlists on one page of their list."""


@dataclass(frozen=True, slots=True)
class Added:
    """A playlist that is saved now, and the one that its name meant before, if there was one."""

    playlist: SavedPlaylist
    before: SavedPlaylist | None


class SavedPlaylists:
    """The playlists that members can ask for by name."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def add(self, by: By, name: str, playlist: str) -> Added:
        """Save a playlist, in place of another one of that name; it is written down who did.

        Raises:
            PlaylistNameError, PlaylistError: the name or the playlist cannot be read.
            PlaylistSavedError, PlaylistsFullError: it is saved already, or there are too many.
            StoreError: the database cannot be used.
        """
        new = SavedPlaylist(
            name=name_of(name),
            playlist_id=read_playlist(playlist),
            added_by=by.actor_id,
            added_at=self._clock(),
        )
        return await self._store.write(_add, by, new)

    async def remove(self, by: By, name: str) -> SavedPlaylist:
        """The playlist that was saved under this name, and is no more.

        Raises:
            PlaylistUnknownError: there is none.
            StoreError: the database cannot be used.
        """
        return await self._store.write(_remove, by, name, self._clock())

    async def offered(self, guild_id: int, typed: str) -> list[SavedPlaylist]:
        """At most 25 that somebody who has typed so much may mean, the likeliest first."""
        return offered(await self._store.read(_all_of, guild_id), typed)

    async def page(self, guild_id: int, number: int) -> Sheet[SavedPlaylist]:
        """A page of all of a server's playlists, by name."""
        found = await self._store.read(_all_of, guild_id)
        return sheet_of(len(found), number, size=PAGE, fetch=lambda size, start: found[start : start + size])


@unit_of_work("playlists.add")
def _add(work: Work, by: By, new: SavedPlaylist) -> Added:
    settings = work.guilds.lock(by.guild_id)
    before = work.playlists.find(by.guild_id, new.key)
    if before is not None and before.playlist_id == new.playlist_id:
        raise PlaylistSavedError(before.name)
    if before is None and len(work.playlists.all_of(by.guild_id)) >= MOST_PLAYLISTS:
        raise PlaylistsFullError(MOST_PLAYLISTS)
    work.playlists.put(by.guild_id, new)
    if not settings.has_playlists:
        work.guilds.settle(by.guild_id, replace(settings, has_playlists=True))
    facts = {} if before is None else _facts(before)
    decide(work, by, Action.ADD_PLAYLIST, before=facts, after=_facts(new), now=new.added_at)
    return Added(new, before)


@unit_of_work("playlists.remove")
def _remove(work: Work, by: By, name: str, now: datetime) -> SavedPlaylist:
    work.guilds.lock(by.guild_id)
    saved = work.playlists.find(by.guild_id, key_of(name))
    if saved is None:
        raise PlaylistUnknownError(name)
    work.playlists.remove(by.guild_id, saved.key)
    decide(work, by, Action.REMOVE_PLAYLIST, before=_facts(saved), now=now)
    return saved


def _facts(playlist: SavedPlaylist) -> Facts:
    return {"name": playlist.name, "playlist": playlist.playlist_id}


def _all_of(work: Work, guild_id: int) -> list[SavedPlaylist]:
    return work.playlists.all_of(guild_id)
