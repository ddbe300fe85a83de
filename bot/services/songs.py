"""Placing, seeing and cancelling song requests."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import NotYoursError, RequestNotFoundError, StaleError, StoreError, TooLateError
from bot.domain.playlists import may_be_name
from bot.domain.requests import CANCEL_FROM
from bot.domain.songbook import DetailsWipedError, SongRemovedError
from bot.domain.songs import Order, SongSpec, check
from bot.services.cards import StatusCard
from bot.services.decisions import ATTEMPTS
from bot.services.facts import facts_of
from bot.services.first_answers import withdraw
from bot.services.moves import make_move
from bot.services.outbox import NoticeKind
from bot.services.placing import Asked, SongRules, by_name, place
from bot.services.ports import Clock
from bot.services.status import describe, line_of
from bot.services.work import Store, Work, unit_of_work

log = logging.getLogger(__name__)

LARGEST_ID = 2**63 - 1
"""Discord's ids have 63 bits; a member may type anything."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A request that will not be made; its credits are back."""

    cost: int


class Songs:
    """Song requests as members see them."""

    def __init__(self, store: Store, *, rules: SongRules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    async def place(self, order: Order, asked: Asked) -> StatusCard:
        """The status of the request that the order became; its credits are held.

        The same interaction places one request, however often it is told.

        Raises:
            RefusalError: the order is wrong or not allowed now; nothing is held.
            StoreError: the database cannot be used.
        """
        rules, now = self._rules, self._clock()
        if may_be_name(order.playlist):
            order = await self._store.read(by_name, order, asked.guild_id)
        check(order, models=rules.models, default_model=rules.default_model)
        card, placed = await self._store.write(place, order, asked, rules, now)
        if placed is not None:
            log.info("placed", extra=facts_of(placed))
        return card

    async def again(self, request_id: int, asked: Asked, *, like_clip: int | None = None) -> StatusCard:
        """The status of a request for the same as another one asked for, whoever placed that.

        With the number of one of its clips, from 1, that clip is the reference of style.

        Raises:
            RequestNotFoundError: there is no such request in this server, or no such clip.
            DetailsWipedError: what it was asked for with is no longer kept.
            RefusalError: it is not allowed now; nothing is held.
            StoreError: the database cannot be used.
        """
        spec = await self._store.read(_spec_again, request_id, asked.guild_id, like_clip)
        return await self.place(_order_of(spec, self._rules.models), replace(asked, at_song=True))

    async def answered(self, request_id: int, message_id: int | None) -> None:
        """Remember which message shows the status of a request: it may be submitted now.

        None when nobody knows whether there is one, or whose. Then the courier looks when Discord takes no
        answer any more; it looks later when the database does not keep this. So no member need hear of it.
        """
        try:
            if message_id is None:
                due_at = self._clock() + timedelta(seconds=self._rules.answered_within_s)
                await self._store.write(_look_soon, request_id, due_at)
            else:
                await self._store.write(_set_message, request_id, message_id)
        except StoreError as error:
            log.error("a status message is not remembered: %s", error, extra={"request": request_id})

    async def withdraw(self, request_id: int) -> None:
        """Cancel a request that another copy of the bot has answered: its member never hears of it here.

        Raises:
            StoreError: the database cannot be used.
        """
        try:
            in_time = await self._store.write(withdraw, request_id, self._clock())
        except StaleError:
            in_time = False
        log.warning("%s", "withdrawn" if in_time else "left to its submission", extra={"request": request_id})

    async def cancel(self, request_id: int, *, guild_id: int, user_id: int) -> Cancelled:
        """Take a waiting request back; its credits return to the member.

        Raises:
            RequestNotFoundError, NotYoursError: it is not one of this member's here.
            TooLateError: the provider has it already, or it has ended.
        """
        if request_id > LARGEST_ID:
            raise RequestNotFoundError
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._cancel(request_id, guild_id, user_id)
            except StaleError:  # it moved at the same moment: whatever it is now decides
                continue
        return await self._cancel(request_id, guild_id, user_id)

    async def _cancel(self, request_id: int, guild_id: int, user_id: int) -> Cancelled:
        return await self._store.write(_cancel, request_id, guild_id, user_id, self._clock())

    async def active_of(self, guild_id: int, user_id: int) -> list[StatusCard]:
        """A member's requests under way, oldest first."""
        return await self._store.read(_active_of, guild_id, user_id, self._rules.places, self._clock())


@unit_of_work("requests.set_status_message")
def _set_message(work: Work, request_id: int, message_id: int) -> None:
    request = work.requests.find(request_id)
    if request is not None:
        work.requests.set_address(request_id, replace(request.address, message_id=message_id))


@unit_of_work("requests.look_soon")
def _look_soon(work: Work, request_id: int, due_at: datetime) -> None:
    work.notices.touch(request_id, NoticeKind.STATUS, due_at=due_at)


def _spec_again(work: Work, request_id: int, guild_id: int, like_clip: int | None) -> SongSpec:
    request = work.requests.find(request_id) if request_id <= LARGEST_ID else None
    if request is None or request.guild_id != guild_id:
        raise RequestNotFoundError
    if request.removed_at is not None:
        raise SongRemovedError
    if request.lacks_details:
        raise DetailsWipedError
    if like_clip is None:
        return request.spec
    if not 1 <= like_clip <= len(request.clips):
        raise RequestNotFoundError
    return replace(request.spec, artist_clip_id=request.clips[like_clip - 1].id)


def _order_of(spec: SongSpec, models: Collection[str]) -> Order:
    """What a member would have to type for this song; a model that is no more gives way to the usual one."""
    return Order(
        playlist=spec.playlist_id,
        prompt=spec.prompt,
        model=spec.model if spec.model in models else None,
        style_weight=spec.style_weight,
        audio_weight=spec.audio_weight,
        weirdness=spec.weirdness,
        persona=spec.persona_id,
        artist_clip=spec.artist_clip_id,
    )


@unit_of_work("requests.cancel")
def _cancel(work: Work, request_id: int, guild_id: int, user_id: int, now: datetime) -> Cancelled:
    request = work.requests.find(request_id)
    if request is None or request.guild_id != guild_id:
        raise RequestNotFoundError
    if request.user_id != user_id:
        raise NotYoursError
    move = CANCEL_FROM.get(request.state)
    if move is None:
        raise TooLateError(request.state)
    make_move(work, request, move, now=now)
    return Cancelled(request.cost)


def _active_of(work: Work, guild_id: int, user_id: int, places: int, now: datetime) -> list[StatusCard]:
    line = line_of(work, places, now)
    return [describe(work, request, line, now) for request in work.requests.active_of(guild_id, user_id)]
