"""A server's finished songs: shown again, listed, rated and taken away."""

import logging
from dataclasses import dataclass
from datetime import datetime

from bot.domain.changes import Action
from bot.domain.requests import Request
from bot.domain.songbook import (
    FINISHED,
    UNRATED,
    MayNotRemoveError,
    NotFinishedError,
    Rating,
    Song,
    SongNotFoundError,
    Span,
    Viewer,
    heard,
)
from bot.services.cards import ResultCard, result_card
from bot.services.decisions import By, decide
from bot.services.facts import facts_of
from bot.services.outbox import NoticeKind
from bot.services.paging import Sheet, sheet_of
from bot.services.ports import Clock, MediaSource
from bot.services.shelves import Title, Wanted
from bot.services.songs import LARGEST_ID
from bot.services.work import Store, Work, unit_of_work

log = logging.getLogger(__name__)

PAGE = 8
"""Songs on one page of a list."""
LOOKED_THROUGH = 500
"""So many of the newest songs are looked through for a title."""
MOST_OFFERED = 25
"""Choices that Discord shows at a time."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A song that is no longer there, and where its result was posted, if it was."""

    channel_id: int | None
    message_id: int | None


class Songbook:
    """The finished songs of each server."""

    def __init__(self, store: Store, *, media: MediaSource, clock: Clock) -> None:
        self._store = store
        self._media = media
        self._clock = clock

    async def card(self, request_id: int, viewer: Viewer) -> ResultCard:
        """What the result of a finished song says now.

        Raises:
            SongNotFoundError, NotFinishedError, SongRemovedError: it cannot be heard.
            StoreError: the database cannot be used.
        """
        song = await self._store.read(_song, request_id, viewer)
        links = tuple(self._media.offered(clip.audio_url) for clip in song.request.clips)
        return result_card(song.request, links, offered=self._media.offered, rating=song.rating)

    async def songs(self, viewer: Viewer, user_id: int | None, number: int) -> Sheet[Song]:
        """A page of the songs that the viewer sees, or of one member's, newest first."""
        wanted = Wanted(guild_id=viewer.guild_id, user_id=user_id, viewer=viewer)
        return await self._store.read(_page, wanted, number)

    async def best(self, viewer: Viewer, span: Span, number: int) -> Sheet[Song]:
        """A page of the rated songs of that time that the viewer sees, best first."""
        since = span.since(self._clock())
        wanted = Wanted(guild_id=viewer.guild_id, viewer=viewer, since=since, rated=True)
        return await self._store.read(_page, wanted, number)

    async def offered(self, viewer: Viewer, typed: str) -> list[Title]:
        """At most 25 of the newest songs whose title contains what was typed, newest first."""
        titles = await self._store.read(_titles, viewer)
        wanted = typed.casefold().strip()
        return [one for one in titles if wanted in (one.words or "").casefold()][:MOST_OFFERED]

    async def rate(self, request_id: int, stars: int, *, guild_id: int, user_id: int) -> Rating:
        """What members think of the song after this vote, which takes the place of the member's last one.

        Raises:
            SongNotFoundError, NotFinishedError, SongRemovedError: it cannot be heard.
            StoreError: the database cannot be used.
        """
        return await self._store.write(_rate, request_id, stars, guild_id, user_id, self._clock())

    async def rating(self, request_id: int) -> Rating:
        """What members think of the song now."""
        return await self._store.read(_rating, request_id)

    async def remove(self, request_id: int, by: By, *, is_moderator: bool) -> Removed:
        """Take a song away, as its requester or as a moderator, which is written down; again is no error.

        Raises:
            SongNotFoundError, NotFinishedError: there is no such song.
            MayNotRemoveError: it is somebody else's.
            StoreError: the database cannot be used.
        """
        return await self._store.write(_remove, request_id, by, is_moderator=is_moderator, now=self._clock())


def _found(work: Work, request_id: int) -> Request | None:
    return work.requests.find(request_id) if request_id <= LARGEST_ID else None


def _song(work: Work, request_id: int, viewer: Viewer) -> Song:
    request = heard(_found(work, request_id), viewer.guild_id)
    if not viewer.sees(request):
        raise SongNotFoundError
    return Song(request, work.shelf.rating(request_id))


def _page(work: Work, wanted: Wanted, number: int) -> Sheet[Song]:
    def fetch(size: int, start: int) -> list[Song]:
        return work.shelf.songs(wanted, limit=size, offset=start)

    return sheet_of(work.shelf.count(wanted), number, size=PAGE, fetch=fetch)


def _titles(work: Work, viewer: Viewer) -> list[Title]:
    return work.shelf.titles(Wanted(guild_id=viewer.guild_id, viewer=viewer), limit=LOOKED_THROUGH)


@unit_of_work("library.rate")
def _rate(work: Work, request_id: int, stars: int, guild_id: int, user_id: int, now: datetime) -> Rating:
    heard(_found(work, request_id), guild_id)
    work.shelf.rate(request_id, user_id, stars, now=now)
    return work.shelf.rating(request_id)


def _rating(work: Work, request_id: int) -> Rating:
    return work.shelf.rating(request_id)


@unit_of_work("library.remove")
def _remove(work: Work, request_id: int, by: By, *, is_moderator: bool, now: datetime) -> Removed:
    request = _found(work, request_id)
    if request is None or request.guild_id != by.guild_id:
        raise SongNotFoundError
    is_own = request.user_id == by.actor_id
    if not (is_own or is_moderator):
        raise MayNotRemoveError
    if request.state not in FINISHED:
        raise NotFinishedError
    if work.shelf.remove(request_id, now=now):
        if not is_own:
            facts = {"request": request_id, "title": Song(request, UNRATED).title}
            decide(work, by, Action.REMOVE_SONG, subject_id=request.user_id, before=facts, now=now)
        work.notices.touch(request_id, NoticeKind.STATUS, due_at=now)
        log.info("removed", extra=facts_of(request))
    return Removed(request.result_channel_id, request.result_message_id)
