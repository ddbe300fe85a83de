"""Delivering a finished song: its files, its message, and the ways around a closed channel."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from bot.domain.errors import MediaError, NoAccessError, TokenDeadError, UnsendableError
from bot.domain.requests import Move, Request, State
from bot.domain.tasks import Clip
from bot.services.cards import ClipCard, ResultCard
from bot.services.facts import facts_of
from bot.services.moves import existing, make_move
from bot.services.outbox import Notice
from bot.services.ports import (
    Announcer,
    AsFollowUp,
    Clock,
    InChannel,
    Media,
    MediaSource,
    Posted,
    Target,
    ToMember,
)
from bot.services.work import Store, Work

log = logging.getLogger(__name__)

UPLOAD_LIMIT = 24 * 1024 * 1024
"""Bytes of files in one message; Discord takes 25 MiB a request, the rest is the message's own."""
FILE_ATTEMPTS = 3
"""How often the files are tried before the links go alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """What can be had of one clip."""

    clip: Clip
    link: str | None
    """Where it can be heard, if its link leads to audio."""
    file: Media | None = None


class Delivery:
    """Posts results; a repeat finds the first post."""

    def __init__(
        self, store: Store, announcer: Announcer, media: MediaSource, *, attach_audio: bool, clock: Clock
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._media = media
        self._attach_audio = attach_audio
        self._clock = clock

    async def deliver(self, notice: Notice) -> None:
        """Post the request's clips where its member will see them, and write down where.

        Raises:
            TryLaterError: Discord did not take the message now.
        """
        request = await self._store.read(existing, notice.request_id)
        if request.state is not State.READY:
            return
        found = await self._found(request, with_files=self._attach_audio and notice.attempts < FILE_ATTEMPTS)
        card, files = self._card(request, found), tuple(clip.file for clip in found)
        posted = await self._before(request, card) if notice.may_be_said else None
        if posted is None:
            posted = await self._post(request, card, files)
        if posted is None:
            log.error("OPERATOR: the song can be posted nowhere; it is kept", extra={"request": request.id})
        await self._store.write(_record, request.id, posted, self._clock())

    def _card(self, request: Request, found: Sequence["Found"]) -> ResultCard:
        return ResultCard(
            request_id=request.id,
            user_id=request.user_id,
            playlist_id=request.spec.playlist_id,
            model=request.spec.model,
            clips=tuple(
                ClipCard(
                    clip=one.clip,
                    listen_url=one.link or f"https://suno.com/song/{quote(one.clip.id, safe='')}",
                    cover_url=self._media.offered(one.clip.image_url),
                )
                for one in found
            ),
            partial=request.partial,
        )

    async def _found(self, request: Request, *, with_files: bool) -> Sequence["Found"]:
        """What can be had of each clip, in their order."""
        limit = min(request.address.attachment_limit, UPLOAD_LIMIT // max(len(request.clips), 1))
        return await asyncio.gather(
            *(self._find(request, clip, limit=limit if with_files else 0) for clip in request.clips)
        )

    async def _find(self, request: Request, clip: Clip, *, limit: int) -> "Found":
        link = self._media.offered(clip.audio_url)
        if link is None or not limit:
            return Found(clip, link)
        try:
            return Found(clip, link, await self._media.fetch_audio(link, limit=limit))
        except MediaError as error:
            log.warning("no file for a clip: %s", error.cause, extra=facts_of(request))
            return Found(clip, None if error.is_dead else link)

    async def _before(self, request: Request, card: ResultCard) -> Posted | None:
        """Where a courier who died has posted it: a nonce tells Discord of a repeat for some minutes only."""
        try:
            return await self._announcer.find_result(request.address.channel_id, card)
        except (NoAccessError, UnsendableError):
            return None

    async def _post(
        self, request: Request, card: ResultCard, files: tuple[Media | None, ...]
    ) -> Posted | None:
        for target in targets(request, self._clock()):
            try:
                return await self._send(target, card, files)
            except (NoAccessError, TokenDeadError) as error:
                log.info("cannot post by %s: %s", type(target).__name__, error, extra={"request": request.id})
        return None

    async def _send(self, target: Target, card: ResultCard, files: tuple[Media | None, ...]) -> Posted | None:
        try:
            return await self._announcer.post_result(target, card, files)
        except UnsendableError as error:
            log.error("Discord refuses a result: %s", error.cause, extra={"request": card.request_id})
            if not any(files):
                return None
        try:
            return await self._announcer.post_result(target, card, (None,) * len(files))
        except UnsendableError as error:
            log.error(
                "Discord refuses it without files too: %s", error.cause, extra={"request": card.request_id}
            )
            return None


def targets(request: Request, now: datetime) -> Iterator[Target]:
    """Where a message for the request's member may go, best first."""
    yield InChannel(request.address.channel_id)
    if request.address.token_at(now) is not None:
        yield AsFollowUp(request.address)
    yield ToMember(request.user_id)


def _record(work: Work, request_id: int, posted: Posted | None, now: datetime) -> None:
    request = existing(work, request_id)
    if request.state is not State.READY:
        return
    if posted is None:
        make_move(work, request, Move.STRAND, now=now)
        return
    make_move(
        work,
        request,
        Move.DELIVER,
        now=now,
        result_channel_id=posted.channel_id,
        result_message_id=posted.message_id,
    )
