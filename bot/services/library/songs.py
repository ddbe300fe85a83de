"""The service for finished songs: showing, listing, loving and removing them."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.audit import Action
from bot.domain.errors import MediaError
from bot.domain.requests import MAX_ID, Failure, FailureKind, Request
from bot.domain.songs import (
    FINISHED,
    DetailsErasedError,
    Loves,
    NotFinishedError,
    OwnSongError,
    RemovalForbiddenError,
    Song,
    SongNotFoundError,
    TopPeriod,
    Viewer,
    require_available,
    song_title,
)
from bot.services.audit_log import Actor, check_reason, record_action
from bot.services.cards import OriginCard, ResultCard, ShownOptions, result_card
from bot.services.pagination import Page, fetch_page
from bot.services.ports import Clock, Media, MediaSource, MessageRef, SongTags
from bot.services.repositories.library import SongFilter, SongTitle
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.shown_options import shown_options, song_tags
from bot.services.requests.transitions import log_context
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

PAGE = 8
"""The songs on one page of a list."""
# Discord sends an autocomplete request at each key, and waits three seconds for the answer
SEARCHED_SONGS = 500
"""How many of the newest songs are searched for a title."""
SUGGESTIONS_TTL = timedelta(seconds=10)
"""How long the titles that a member can see are used for the next keys."""
MAX_TYPING = 200
"""For how many members titles are kept."""
MAX_SUGGESTIONS = 25
"""The most choices that Discord shows."""


@dataclass(frozen=True, slots=True)
class RemovedSong:
    """The message of a removed song's result, if it was posted."""

    channel_id: int | None
    message_id: int | None
    cost: int
    """Credits, which stay used."""


@dataclass(frozen=True, slots=True)
class ShownSong:
    """A finished song that is posted again."""

    card: ResultCard
    tags: Sequence[SongTags]
    """Of each clip's file."""
    post: MessageRef | None
    """The bot's own first post in the server, which may have the files."""


@dataclass(frozen=True, slots=True)
class SongDetails:
    """What is stored about how a finished song was made, with its lyrics."""

    request: Request
    playlist_name: str | None
    """The name under which the server has saved the playlist."""
    origin: OriginCard | None


class SongLibrary:
    """The finished songs of each server."""

    def __init__(self, store: Store, *, media: MediaSource, clock: Clock) -> None:
        self._store = store
        self._media = media
        self._clock = clock
        self._titles: OrderedDict[Viewer, tuple[datetime, list[SongTitle]]] = OrderedDict()
        self._reading_titles = asyncio.Lock()

    async def card(self, request_id: int, viewer: Viewer) -> ResultCard:
        """Return the contents of a finished song's result message.

        Raises:
            SongNotFoundError, NotFinishedError, SongRemovedError: the song is not available.
            StoreError: the database cannot be used.
        """
        return self._card(*await self._store.read(_song, request_id, viewer))

    def _card(self, song: Song, shown: ShownOptions) -> ResultCard:
        links = tuple(self._media.offered(clip.audio_url) for clip in song.request.clips)
        return result_card(song.request, links, offered=self._media.offered, loves=song.loves, shown=shown)

    async def show(self, request_id: int, viewer: Viewer) -> ShownSong:
        """Return a finished song to be posted again; raise as `card` does."""
        song, shown = await self._store.read(_song, request_id, viewer)
        return ShownSong(
            card=self._card(song, shown),
            tags=song_tags(song.request, shown),
            post=MessageRef(*song.post) if song.post else None,
        )

    async def file(self, song: ShownSong, number: int, *, limit: int) -> Media | None:
        """Download the file of clip `number`, of at most `limit` bytes; None if that fails."""
        link = self._media.offered(song.card.clips[number - 1].clip.audio_url)
        if link is None:
            return None
        try:
            return await self._media.fetch_audio(link, limit=limit, tags=song.tags[number - 1])
        except MediaError as error:
            log.info("no file for a clip that is shown again: %s", error.cause)
            return None

    async def details(self, request_id: int, viewer: Viewer) -> SongDetails:
        """Return how a finished song was made, and its lyrics as far as they are stored.

        Raises:
            SongNotFoundError, NotFinishedError, SongRemovedError: the song is not available.
            DetailsErasedError: its member has deleted them.
            StoreError: the database cannot be used.
        """
        return await self._store.read(_details, request_id, viewer)

    async def songs(self, viewer: Viewer, user_id: int | None, number: int) -> Page[Song]:
        """Return a page of the songs that the viewer can see, of all members or one, newest first."""
        wanted = SongFilter(guild_id=viewer.guild_id, user_id=user_id, viewer=viewer)
        return await self._store.read(_page, wanted, number)

    async def best(self, viewer: Viewer, span: TopPeriod, number: int) -> Page[Song]:
        """Return a page of a period's loved songs that the viewer can see, those of most members first."""
        since = span.since(self._clock())
        wanted = SongFilter(guild_id=viewer.guild_id, viewer=viewer, since=since, loved=True)
        return await self._store.read(_page, wanted, number)

    async def suggestions(self, viewer: Viewer, typed: str) -> list[SongTitle]:
        """Return at most 25 of the newest songs whose title contains what was typed, newest first.

        The titles are read once in `SUGGESTIONS_TTL`, not at each key.
        """
        titles = self._known_titles(viewer)
        if titles is None:
            async with self._reading_titles:  # the next keys wait for the first one's titles
                titles = self._known_titles(viewer)
                if titles is None:
                    titles = await self._store.read(_titles, viewer)
                    self._titles[viewer] = self._clock(), titles
                    if len(self._titles) > MAX_TYPING:
                        self._titles.popitem(last=False)
        wanted = typed.casefold().strip()
        return [one for one in titles if wanted in (one.words or "").casefold()][:MAX_SUGGESTIONS]

    def _known_titles(self, viewer: Viewer) -> list[SongTitle] | None:
        """Return the titles that were read for the viewer's last keys; None if they are too old."""
        read_at, titles = self._titles.get(viewer, (None, []))
        if read_at is not None and timedelta() <= self._clock() - read_at < SUGGESTIONS_TTL:
            return titles
        self._titles.pop(viewer, None)
        return None

    async def press_heart(
        self, request_id: int, clip: int, press: Actor, *, public_channel_ids: Collection[int]
    ) -> Loves:
        """Store the member's love of a clip, or take it back; return how many love the song now.

        The same press changes nothing the second time, nor does one that follows within `DOUBLE_PRESS`.
        A much-loved song goes to the showcase if it was posted in one of `public_channel_ids`.

        Raises:
            SongNotFoundError, NotFinishedError, SongRemovedError: the song is not available.
            OwnSongError: it is the member's own.
            StoreError: the database cannot be used.
        """
        return await self._store.write(
            _press_heart, request_id, clip, press, public_channel_ids, self._clock()
        )

    async def loves(self, request_id: int) -> Loves:
        """Return how many members love the song."""
        return await self._store.read(_loves, request_id)

    async def remove(self, request_id: int, actor: Actor, *, reason: str | None = None) -> RemovedSong:
        """Remove a song, as its requester, or as a moderator with a reason; a repeat is no error.

        A moderator's removal is recorded in the audit log, and its requester reads the reason.

        Raises:
            ReasonError: the moderator's reason is empty or too long.
            SongNotFoundError, NotFinishedError: the server has no such song.
            RemovalForbiddenError: it is another member's song.
            StoreError: the database cannot be used.
        """
        words = None if reason is None else check_reason(reason)
        return await self._store.write(_remove, request_id, actor, words, self._clock())


def _find(uow: UnitOfWork, request_id: int) -> Request | None:
    return uow.requests.find(request_id) if request_id <= MAX_ID else None


def _song(uow: UnitOfWork, request_id: int, viewer: Viewer) -> tuple[Song, ShownOptions]:
    request = require_available(_find(uow, request_id), viewer.guild_id)
    if not viewer.can_see(request):
        raise SongNotFoundError
    return Song(request, uow.library.loves(request_id)), shown_options(uow, request)


def _details(uow: UnitOfWork, request_id: int, viewer: Viewer) -> SongDetails:
    request = require_available(_find(uow, request_id), viewer.guild_id)
    if not request.spec.playlist_id:  # nor is its channel stored, so that nobody can be said to see it
        raise DetailsErasedError
    if not viewer.can_see(request):
        raise SongNotFoundError
    shown = shown_options(uow, request)
    return SongDetails(request, shown.playlist_name, shown.origin)


def _page(uow: UnitOfWork, song_filter: SongFilter, number: int) -> Page[Song]:
    ids = uow.library.ids(song_filter)

    def fetch(size: int, start: int) -> list[Song]:
        return uow.library.songs(ids[start : start + size])

    is_cut = len(ids) >= song_filter.newest
    return fetch_page(len(ids), number, size=PAGE, fetch=fetch, is_cut=is_cut)


def _titles(uow: UnitOfWork, viewer: Viewer) -> list[SongTitle]:
    ids = uow.library.ids(SongFilter(guild_id=viewer.guild_id, viewer=viewer))
    return uow.library.titles(ids[:SEARCHED_SONGS])


@unit_of_work("library.press_heart")
def _press_heart(
    uow: UnitOfWork,
    request_id: int,
    clip: int,
    press: Actor,
    public_channel_ids: Collection[int],
    now: datetime,
) -> Loves:
    request = require_available(_find(uow, request_id), press.guild_id)
    if request.user_id == press.actor_id:
        raise OwnSongError
    if clip > len(request.clips):  # a person's erased songs have none
        raise SongNotFoundError
    is_loved = uow.library.press_heart(
        request_id, clip, press.actor_id, press_id=press.interaction_id, now=now
    )
    if is_loved is not None:
        uow.playlists.count_love(press.guild_id, request.spec.playlist_id, taken_back=not is_loved)
    song = Song(request, uow.library.loves(request_id))
    if is_loved and song.post is not None and song.post[0] in public_channel_ids:
        settings = uow.guilds.settings(press.guild_id)
        if settings.showcase_channel_id is not None and song.loves.members >= settings.showcase_loves:
            uow.outbox.create_once(request_id, MessageKind.SHOWCASE, due_at=now)
    return song.loves


def _loves(uow: UnitOfWork, request_id: int) -> Loves:
    return uow.library.loves(request_id)


@unit_of_work("library.remove")
def _remove(uow: UnitOfWork, request_id: int, actor: Actor, reason: str | None, now: datetime) -> RemovedSong:
    request = _find(uow, request_id)
    if request is None or request.guild_id != actor.guild_id:
        raise SongNotFoundError
    is_own = request.user_id == actor.actor_id
    if not is_own and reason is None:
        raise RemovalForbiddenError
    if request.state not in FINISHED:
        raise NotFinishedError
    failure = None if is_own or reason is None else Failure(FailureKind.MODERATOR, reason)
    if uow.library.remove(request_id, failure=failure, now=now):
        if failure is not None:
            record_action(
                uow,
                actor,
                Action.REMOVE_SONG,
                subject_id=request.user_id,
                before={"request": request_id, "title": song_title(request)},
                reason=reason,
                now=now,
            )
        for kind in (MessageKind.STATUS, MessageKind.SHOWCASE):
            uow.outbox.mark_due(request_id, kind, due_at=now)
        log.info("removed", extra=log_context(request))
    return RemovedSong(request.result_channel_id, request.result_message_id, request.cost)
