"""The service for saved playlists."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.audit import Action, AuditFacts
from bot.domain.playlist_choice import (
    AmbiguousPlaylistError,
    Suggestion,
    find_saved,
    is_default,
    last_used_first,
    matching_playlists,
    suggest_playlists,
)
from bot.domain.playlists import (
    MAX_PLAYLISTS,
    PlaylistSavedError,
    PlaylistsFullError,
    PlaylistUnknownError,
    SavedPlaylist,
    name_key,
)
from bot.services.audit_log import Actor, record_action
from bot.services.pagination import Page, fetch_page
from bot.services.ports import Clock
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

PAGE = 8
"""The playlists on one page."""
RECENT = 25
"""The member's last songs whose playlists are suggested."""


@dataclass(frozen=True, slots=True)
class SavedResult:
    """A saved playlist, and the one that it replaced, if there was one."""

    playlist: SavedPlaylist
    before: SavedPlaylist | None


@dataclass(frozen=True, slots=True)
class ListedPlaylist:
    """A saved playlist, and whether requests without a playlist use it."""

    playlist: SavedPlaylist
    is_default: bool


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

    async def remove(self, actor: Actor, name: str) -> ListedPlaylist:
        """Delete the playlist with this name; return it. If it was the default one, there is none any more.

        Raises:
            PlaylistUnknownError: no playlist has this name.
            StoreError: the database cannot be used.
        """
        return await self._store.write(_remove, actor, name, self._clock())

    async def set_default(self, actor: Actor, name: str | None) -> SavedPlaylist | None:
        """Make the playlist with this name, or its unique beginning, the default one; None: have none.

        Raises:
            PlaylistUnknownError, AmbiguousPlaylistError: no playlist is meant, or several are.
            StoreError: the database cannot be used.
        """
        return await self._store.write(_set_default, actor, name, self._clock())

    async def default(self, guild_id: int) -> SavedPlaylist | None:
        """Return the playlist for requests without one, if there is one."""
        return next((one.playlist for one in await self._store.read(_list, guild_id) if one.is_default), None)

    async def matching(self, guild_id: int, typed: str) -> list[SavedPlaylist]:
        """Return at most 25 playlists that match what was typed, the best match first."""
        found = await self._store.read(_list, guild_id)
        return matching_playlists((one.playlist for one in found), typed)

    async def names(self, guild_id: int) -> list[str]:
        """Return the names of all playlists of a server, last used first."""
        found = await self._store.read(_list, guild_id)
        return [one.name for one in last_used_first(one.playlist for one in found)]

    async def suggestions(self, guild_id: int, user_id: int, typed: str) -> list[Suggestion]:
        """Return what a member is offered for the playlist of a request: 1 to 25 suggestions."""
        return await self._store.read(_suggest, guild_id, user_id, typed)

    async def page(self, guild_id: int, number: int) -> Page[ListedPlaylist]:
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
def _remove(uow: UnitOfWork, actor: Actor, name: str, now: datetime) -> ListedPlaylist:
    settings = uow.guilds.get_for_update(actor.guild_id)
    saved = uow.playlists.find(actor.guild_id, name_key(name))
    if saved is None:
        raise PlaylistUnknownError(name)
    uow.playlists.remove(actor.guild_id, saved.key)
    listed = ListedPlaylist(saved, is_default(saved, settings.default_playlist))
    if listed.is_default:
        uow.guilds.update(actor.guild_id, replace(settings, default_playlist=None))
    record_action(uow, actor, Action.REMOVE_PLAYLIST, before=_facts(saved), now=now)
    return listed


@unit_of_work("playlists.set_default")
def _set_default(uow: UnitOfWork, actor: Actor, name: str | None, now: datetime) -> SavedPlaylist | None:
    settings = uow.guilds.get_for_update(actor.guild_id)
    saved = uow.playlists.list(actor.guild_id)
    chosen = None if name is None else _named(saved, name)
    after = replace(settings, default_playlist=chosen.name if chosen else None)
    facts: list[AuditFacts] = [{"name": one.default_playlist} for one in (settings, after)]
    if record_action(uow, actor, Action.DEFAULT_PLAYLIST, before=facts[0], after=facts[1], now=now):
        uow.guilds.update(actor.guild_id, after)
        return chosen
    # a repeat of the command: it was carried out, and perhaps changed again since
    return next((one for one in saved if is_default(one, settings.default_playlist)), None)


def _named(saved: Sequence[SavedPlaylist], name: str) -> SavedPlaylist:
    found = find_saved(saved, name)
    if not found:
        raise PlaylistUnknownError(name)
    if len(found) > 1:
        raise AmbiguousPlaylistError(name, tuple(one.name for one in found))
    return found[0]


def _facts(playlist: SavedPlaylist) -> AuditFacts:
    return {"name": playlist.name, "playlist": playlist.playlist_id}


def _list(uow: UnitOfWork, guild_id: int) -> list[ListedPlaylist]:
    default = uow.guilds.settings(guild_id).default_playlist
    return [ListedPlaylist(one, is_default(one, default)) for one in uow.playlists.list(guild_id)]


def _suggest(uow: UnitOfWork, guild_id: int, user_id: int, typed: str) -> list[Suggestion]:
    saved = uow.playlists.list(guild_id)
    own = uow.playlists.of_member(guild_id, user_id, songs=RECENT)
    settings = uow.guilds.settings(guild_id)
    return suggest_playlists(
        saved, own, typed, default=settings.default_playlist, only_saved=settings.only_saved
    )
