"""The service for saved playlists."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.audit import Action, AuditFacts
from bot.domain.playlists import (
    MAX_PLAYLISTS,
    PlaylistSavedError,
    PlaylistsFullError,
    PlaylistUnknownError,
    SavedPlaylist,
    name_key,
    suggestions,
)
from bot.services.audit_log import Actor, record_action
from bot.services.library.pagination import Page, fetch_page
from bot.services.ports import Clock
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

PAGE = 10
"""The playlists on one page."""


@dataclass(frozen=True, slots=True)
class SavedResult:
    """A saved playlist, and the one that it replaced, if there was one."""

    playlist: SavedPlaylist
    before: SavedPlaylist | None


class PlaylistService:
    """The playlists that members can request by name."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def add(self, actor: Actor, name: str, playlist_id: str) -> SavedResult:
        """Save a playlist, replacing one with the same name, and record that in the audit log.

        The name is one that `parse_name` has returned.

        Raises:
            PlaylistSavedError, PlaylistsFullError: the same playlist is saved already, or there are too many.
            StoreError: the database cannot be used.
        """
        new = SavedPlaylist(
            name=name, playlist_id=playlist_id, added_by=actor.actor_id, added_at=self._clock()
        )
        return await self._store.write(_add, actor, new)

    async def remove(self, actor: Actor, name: str) -> SavedPlaylist:
        """Delete the playlist with this name; return it.

        Raises:
            PlaylistUnknownError: no playlist has this name.
            StoreError: the database cannot be used.
        """
        return await self._store.write(_remove, actor, name, self._clock())

    async def suggestions(self, guild_id: int, typed: str) -> list[SavedPlaylist]:
        """Return at most 25 playlists that match what was typed, the best match first."""
        return suggestions(await self._store.read(_list, guild_id), typed)

    async def page(self, guild_id: int, number: int) -> Page[SavedPlaylist]:
        """Return a page of a server's playlists, by name."""
        found = await self._store.read(_list, guild_id)
        return fetch_page(
            len(found), number, size=PAGE, fetch=lambda size, start: found[start : start + size]
        )


@unit_of_work("playlists.add")
def _add(uow: UnitOfWork, actor: Actor, new: SavedPlaylist) -> SavedResult:
    settings = uow.guilds.get_for_update(actor.guild_id)
    before = uow.playlists.find(actor.guild_id, new.key)
    if before is not None and before.playlist_id == new.playlist_id:
        raise PlaylistSavedError(before.name)
    if before is None and len(uow.playlists.list(actor.guild_id)) >= MAX_PLAYLISTS:
        raise PlaylistsFullError(MAX_PLAYLISTS)
    uow.playlists.put(actor.guild_id, new)
    if not settings.has_playlists:
        uow.guilds.update(actor.guild_id, replace(settings, has_playlists=True))
    facts = {} if before is None else _facts(before)
    record_action(uow, actor, Action.ADD_PLAYLIST, before=facts, after=_facts(new), now=new.added_at)
    return SavedResult(new, before)


@unit_of_work("playlists.remove")
def _remove(uow: UnitOfWork, actor: Actor, name: str, now: datetime) -> SavedPlaylist:
    uow.guilds.get_for_update(actor.guild_id)
    saved = uow.playlists.find(actor.guild_id, name_key(name))
    if saved is None:
        raise PlaylistUnknownError(name)
    uow.playlists.remove(actor.guild_id, saved.key)
    record_action(uow, actor, Action.REMOVE_PLAYLIST, before=_facts(saved), now=now)
    return saved


def _facts(playlist: SavedPlaylist) -> AuditFacts:
    return {"name": playlist.name, "playlist": playlist.playlist_id}


def _list(uow: UnitOfWork, guild_id: int) -> list[SavedPlaylist]:
    return uow.playlists.list(guild_id)
