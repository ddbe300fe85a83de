"""The service with which members place, list and cancel song requests."""

import logging
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import (
    CapError,
    ConflictError,
    NotYoursError,
    PriceChangedError,
    RequestNotFoundError,
    StoreError,
    TooLateError,
)
from bot.domain.requests import MAX_ID, Origin
from bot.domain.song_form import SongForm, SongSource
from bot.domain.song_options import SongOptions, SongSpec
from bot.domain.songs import DetailsErasedError, SongRemovedError, Viewer
from bot.domain.transitions import CANCEL_FROM
from bot.services.audit_log import ATTEMPTS
from bot.services.cards import StatusCard
from bot.services.credits.caps import tell_owner, with_open_caps
from bot.services.ports import Clock
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.drafts import SongDraft, hidden_options, options_of, read_draft
from bot.services.requests.duplicates import cancel_duplicate
from bot.services.requests.placement import PlacedRequest, RequestContext, SongConfig, place
from bot.services.requests.queue_snapshot import queue_snapshot, status_card_for
from bot.services.requests.transitions import apply_transition, log_context
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CancelledRequest:
    """A cancelled request, whose credits are released."""

    cost: int


class RequestService:
    """The members' operations on song requests."""

    def __init__(self, store: Store, *, config: SongConfig, clock: Clock) -> None:
        self._store = store
        self._config = config
        self._clock = clock

    async def place(self, options: SongOptions, context: RequestContext) -> StatusCard:
        """Place a request and hold its credits; return its status.

        The same interaction places one request, however often this is called.

        Raises:
            RefusalError: the options are wrong, or the request is not allowed now; nothing is held.
            StoreError: the database cannot be used.
        """

        def write() -> Awaitable[PlacedRequest]:
            return self._store.write(place, options, context, self._config, self._clock())

        try:
            placed = await with_open_caps(self._store, context.guild_id, self._config.caps, write)
        except CapError as error:
            await tell_owner(self._store, (error.cap,), self._config.cost)
            raise
        if placed.request is not None:
            log.info("placed", extra=log_context(placed.request))
            spent = (replace(cap, spent=cap.spent + self._config.cost) for cap in placed.caps)
            await tell_owner(self._store, tuple(spent), self._config.cost)
        return placed.card

    async def repeat(
        self,
        request_id: int,
        context: RequestContext,
        *,
        like_clip: int | None = None,
        price: int | None = None,
    ) -> StatusCard:
        """Place a request with the options of an earlier one, whoever placed that; return its status.

        `like_clip`, the number of one of its clips from 1, makes that clip the style reference. `price` is
        what the member was told in credits, if they were.

        Raises:
            PriceChangedError: it costs something else now; nothing is held.
            RequestNotFoundError: the server has no such request, or the request has no such clip.
            SongRemovedError: the earlier song was removed.
            DetailsErasedError: the earlier request's prompt and options are no longer kept.
            RefusalError: the request is not allowed now; nothing is held.
            StoreError: the database cannot be used.
        """
        if price not in {None, self._config.cost}:
            raise PriceChangedError(self._config.cost)
        spec, origin = await self._store.read(_spec_to_repeat, request_id, context.guild_id, like_clip)
        context = replace(context, at_song=True, origin=origin)
        model = spec.model if spec.model in self._config.models else None
        return await self.place(replace(options_of(spec), model=model), context)

    async def draft(self, source: SongSource, viewer: Viewer) -> SongDraft:
        """Return the form with which a member changes what the source is about.

        Raises:
            SongNotFoundError: the member can see no such request.
            SongRemovedError, DetailsErasedError: its song was removed, or its options are no longer stored.
            StoreError: the database cannot be used.
        """
        return await self._store.read(read_draft, source, viewer, self._config)

    async def place_form(self, source: SongSource, form: SongForm, context: RequestContext) -> StatusCard:
        """Place a request with what is filled in, and with the source's other options; return its status.

        Raises:
            SongNotFoundError, SongRemovedError, DetailsErasedError: the source is not available any more.
            RefusalError: something is filled in wrongly, or the request is not allowed now; nothing is held.
            StoreError: the database cannot be used.
        """
        options, origin = await self._store.read(hidden_options, source, context.guild_id, form.options())
        is_at_song = source.request_id is not None
        return await self.place(options, replace(context, at_song=is_at_song, origin=origin))

    async def record_answer(self, request_id: int, message_id: int | None) -> None:
        """Record which message shows the status of a request, which may be submitted from now on.

        `message_id` is None if it is unknown whether the command was answered, or by which copy of the bot.
        The outbox dispatcher then looks the answer up once Discord accepts none any more. A database error
        is only logged, because the dispatcher looks the answer up anyway.
        """
        try:
            if message_id is None:
                due_at = self._clock() + timedelta(seconds=self._config.answered_within_s)
                await self._store.write(_schedule_lookup, request_id, due_at)
            else:
                await self._store.write(_set_message, request_id, message_id)
        except StoreError as error:
            log.error("a status message could not be recorded: %s", error, extra={"request": request_id})

    async def cancel_duplicate(self, request_id: int) -> None:
        """Cancel a request that another copy of the bot has answered, without a message to its member.

        Raises:
            StoreError: the database cannot be used.
        """
        try:
            in_time = await self._store.write(cancel_duplicate, request_id, self._clock())
        except ConflictError:
            in_time = False
        what = "cancelled as a duplicate" if in_time else "too late to cancel the duplicate"
        log.warning("%s", what, extra={"request": request_id})

    async def cancel(self, request_id: int, *, guild_id: int, user_id: int) -> CancelledRequest:
        """Cancel a member's own request that is not at the provider yet; its credits are released.

        Raises:
            RequestNotFoundError: the server has no request with that id.
            NotYoursError: another member placed it.
            TooLateError: the request is at the provider already, or it has ended.
        """
        if request_id > MAX_ID:
            raise RequestNotFoundError
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._cancel(request_id, guild_id, user_id)
            except ConflictError:  # its state was changed at the same moment: the new state decides
                continue
        return await self._cancel(request_id, guild_id, user_id)

    async def _cancel(self, request_id: int, guild_id: int, user_id: int) -> CancelledRequest:
        return await self._store.write(_cancel, request_id, guild_id, user_id, self._clock())

    async def active_of(self, guild_id: int, user_id: int) -> list[StatusCard]:
        """Return the status of a member's pending requests, oldest first."""
        return await self._store.read(_active_of, guild_id, user_id, self._config.slots, self._clock())


@unit_of_work("requests.set_status_message")
def _set_message(uow: UnitOfWork, request_id: int, message_id: int) -> None:
    request = uow.requests.find(request_id)
    if request is not None:
        uow.requests.set_address(request_id, replace(request.address, message_id=message_id))


@unit_of_work("requests.check_soon")
def _schedule_lookup(uow: UnitOfWork, request_id: int, due_at: datetime) -> None:
    uow.outbox.mark_due(request_id, MessageKind.STATUS, due_at=due_at)


def _spec_to_repeat(
    uow: UnitOfWork, request_id: int, guild_id: int, like_clip: int | None
) -> tuple[SongSpec, Origin | None]:
    request = uow.requests.find(request_id) if request_id <= MAX_ID else None
    if request is None or request.guild_id != guild_id:
        raise RequestNotFoundError
    if request.removed_at is not None:
        raise SongRemovedError
    if request.lacks_details:
        raise DetailsErasedError
    if like_clip is None:
        return request.spec, request.origin
    if not 1 <= like_clip <= len(request.clips):
        raise RequestNotFoundError
    like = replace(request.spec, artist_clip_id=request.clips[like_clip - 1].id)
    return like, Origin(request_id, like_clip)


@unit_of_work("requests.cancel")
def _cancel(uow: UnitOfWork, request_id: int, guild_id: int, user_id: int, now: datetime) -> CancelledRequest:
    request = uow.requests.find(request_id)
    if request is None or request.guild_id != guild_id:
        raise RequestNotFoundError
    if request.user_id != user_id:
        raise NotYoursError
    transition = CANCEL_FROM.get(request.state)
    if transition is None:
        raise TooLateError(request.state)
    apply_transition(uow, request, transition, now=now)
    return CancelledRequest(request.cost)


def _active_of(uow: UnitOfWork, guild_id: int, user_id: int, slots: int, now: datetime) -> list[StatusCard]:
    queue = queue_snapshot(uow, slots, now)
    return [
        status_card_for(uow, request, queue, now) for request in uow.requests.active_of(guild_id, user_id)
    ]
