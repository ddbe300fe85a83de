"""Status messages: each is edited until the request has ended, or its end is posted if it is lost."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bot.domain.errors import (
    InvalidMessageError,
    MessageGoneError,
    NoAccessError,
    RetryableError,
    TokenExpiredError,
)
from bot.domain.leases import defer, lease_until
from bot.domain.polling import DurationStats
from bot.domain.requests import ReplyAddress, Request, State
from bot.domain.scheduling import SNAPSHOT_TTL_S, QueueSnapshot
from bot.domain.songs import song_title
from bot.domain.transitions import CANCEL_FROM
from bot.services.cards import EditBudget, ShownOptions, StatusCard, next_check_at, status_card, status_url
from bot.services.delivery.message_forms import may_be_accepted_later, send_with_fallback
from bot.services.delivery.routes import (
    DeliveryAttempt,
    DeliveryRoute,
    ending_routes,
    may_be_unanswered,
    reschedule,
)
from bot.services.ports import Claim, Clock, MediaSource, Messenger, Target
from bot.services.repositories.outbox import OutboxMessage
from bot.services.requests.placement import SongConfig
from bot.services.requests.queue_snapshot import backoff_after_failure, queue_snapshot
from bot.services.requests.shown_options import shown_options
from bot.services.requests.transitions import get_request, log_context
from bot.services.runtime.timings import WorkTimings
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)

GONE_REPEATS = 2
"""How often the edit of a missing message is retried: Discord sometimes does not find a new one."""


class StatusMessages:
    """The editing of status messages, and the posts in place of lost ones."""

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        media: MediaSource,
        *,
        config: SongConfig,
        clock: Clock,
        timings: WorkTimings,
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._media = media
        self._slots = config.slots
        self._spacing = timedelta(seconds=config.edit_spacing_s)
        self._clock = clock
        self._lease_s = timings.leases.message_s
        self._retries = timings.retries
        self._status_interval_s = timings.status_interval_s
        self._answered_within_s = timings.answered_within_s
        self._ping_after = timedelta(seconds=timings.ping_after_s)
        self._queue = QueueSnapshot()
        self._queue_at: datetime | None = None

    async def show(self, message: OutboxMessage) -> None:
        """Edit the status message, or post how the request ended if it is lost; record what was sent.

        Raises:
            AnsweredElsewhereError: another copy of the bot answered the command; nothing was changed.
            RetryableError, ConflictError: nothing was recorded; to be retried.
        """
        now = self._clock()
        view = await self._store.read(_view, message.source_id, now)
        request, durations = view.request, view.durations
        card = await self._card(view, now)
        check_at = next_check_at(request, durations=durations, now=now, interval_s=self._status_interval_s)
        budget = EditBudget.parse(message.sent)
        is_news = request.address.is_unconfirmed(now) or not budget.skips(card)
        if is_news:
            budget = budget.edited(card)
            try:
                await self._edit(request, card)
            except MessageGoneError:
                if message.attempts < GONE_REPEATS:
                    pause_s = self._retries.message.first_s
                    await self._store.write(reschedule, message, defer(self._clock(), pause_s))
                    return
                if request.address.is_unconfirmed(now):
                    # the command was answered, and it is unknown by which copy of the bot
                    await self._store.write(_erase_token, request.id)
                await self._send_ending(message, request, card)
            except (NoAccessError, InvalidMessageError) as error:
                log.info("a status can't be edited: %r", error, extra=log_context(request))
                await self._send_ending(message, request, card)
            else:
                await self._ping(message, request, card)
        if card.is_final and is_news:
            log.info("ended, and the status message is final", extra=log_context(request))
        await self._store.write(
            _mark_status_sent, message, card, budget, self._clock() + self._spacing, check_at
        )

    async def _card(self, view: "_View", now: datetime) -> StatusCard:
        """Return what the status message should say now."""
        request = view.request
        queue = await self._current_queue(now) if request.state is State.WAITING else QueueSnapshot()
        card = status_card(
            request,
            queue=queue,
            durations=view.durations,
            now=now,
            held_until=queue.backoffs.get(request.id, view.backoff_end),
            shown=view.shown,
        )
        return replace(card, title=song_title(request), listen_url=self._listen_url(request))

    def _listen_url(self, request: Request) -> str | None:
        """Return the first clip's link while the second one is being made, if it leads to a file."""
        clips = request.progress.clips if request.progress and request.state is State.MAKING else ()
        return self._media.offered(clips[0].audio_url) if clips else None

    async def _edit(self, request: Request, card: StatusCard) -> None:
        """Edit by the interaction's token while it is valid, then as the bot.

        Raises:
            AnsweredElsewhereError: another copy of the bot answered; nothing was changed.
        """
        token = request.address.valid_token(self._clock())
        try:
            if token is not None and request.address.message_id is None and request.state in CANCEL_FROM:
                request = await self._confirm(request, card, token=token)
            message_id = await self._edit_by(request, card, request.address, token=token)
        except TokenExpiredError:
            if may_be_unanswered(request, self._clock(), self._answered_within_s):
                raise RetryableError("the command is not answered yet") from None
            await self._store.write(_erase_token, request.id)
            await self._edit_as_bot(request, card)
        except RetryableError as error:
            if token is None or request.address.message_id is None or not error.is_long:
                raise
            try:
                await self._edit_as_bot(request, card)
            except NoAccessError:
                if card.is_final and not card.must_be_known:
                    raise error from None  # it is sent nowhere else, so it waits for the token
                raise
        else:
            if request.address.message_id is None:
                await self._store.write(_set_message, request.id, message_id)

    async def _confirm(self, request: Request, card: StatusCard, *, token: str) -> Request:
        """Look up the command's answer and record its id, so that the request may be submitted.

        Raises:
            AnsweredElsewhereError: another copy of the bot answered.
        """
        message_id = await self._messenger.find_answer(request.address, card, token=token)
        await self._store.write(_set_message, request.id, message_id)
        return replace(request, address=replace(request.address, message_id=message_id))

    async def _edit_as_bot(self, request: Request, card: StatusCard) -> None:
        await self._edit_by(request, card, replace(request.address, token=None), token=None)

    async def _edit_by(
        self, request: Request, card: StatusCard, address: ReplyAddress, *, token: str | None
    ) -> int:
        return await send_with_fallback(
            lambda form: self._messenger.edit_status(address, card, token=token, form=form),
            what="status",
            facts=log_context(request),
        )

    async def _ping(self, message: OutboxMessage, request: Request, card: StatusCard) -> None:
        """Tell the requester about a late failure in a new message: an edit of the old status pings nobody.

        It is posted at most once: if the outcome of an attempt is unknown, it is repeated only while Discord
        detects that. The status has told what happened.

        Raises:
            RetryableError: no route accepts it now.
        """
        ended_at = request.removed_at or request.ended_at or request.placed_at
        if not card.is_failure or ended_at - request.placed_at < self._ping_after:
            return
        if message.attempt and not DeliveryAttempt.parse(message.attempt).is_deduplicated(self._clock()):
            return
        ping = replace(card, status_url=status_url(request))
        try:
            if not await self._post_by_routes(message, request, ping, records_all=True):
                log.info("the ping about the ending can't be posted", extra=log_context(request))
        except RetryableError as error:
            if error.not_taken:
                await self._store.write(_clear_attempt, message)
            raise
        except InvalidMessageError as error:
            log.info("the ping about the ending is refused: %s", error.cause, extra=log_context(request))

    async def _send_ending(self, message: OutboxMessage, request: Request, card: StatusCard) -> None:
        """Post how the request ended, if the member has to be told, because the status message is lost.

        Raises:
            RetryableError: no route accepts it now.
        """
        if not card.must_be_known:
            return
        try:
            if await self._post_by_routes(message, request, card):
                return
        except InvalidMessageError:
            if may_be_accepted_later(request, self._clock()):
                pause_s = self._retries.refused.delay_s(message.attempts + 1)
                raise RetryableError(
                    "how it ended is refused in every form", pause_s, not_taken=True
                ) from None
        log.error("OPERATOR: the member could not be told how it ended", extra=log_context(request))

    async def _post_by_routes(
        self, message: OutboxMessage, request: Request, card: StatusCard, *, records_all: bool = False
    ) -> bool:
        """Post the ending by the first route that accepts it; return False if none is open.

        With `records_all` an attempt is recorded on every route, otherwise before a follow-up only.

        Raises:
            RetryableError: the first open route accepts it later.
            InvalidMessageError: it is refused in every form.
        """
        later: RetryableError | InvalidMessageError | None = None
        for route in ending_routes(request, self._clock()):
            # a direct message may repeat a follow-up: silence about credits is worse
            if route is DeliveryRoute.FOLLOW_UP and message.attempt:
                continue  # a follow-up has no nonce: a repeat would be a second public post
            target = DeliveryAttempt(route, self._clock()).target(request)
            claim = partial(self._claim_ending, message, route, records=records_all)
            try:
                await self._post_ending(target, request, card, claim)
            except (NoAccessError, TokenExpiredError):
                continue
            except RetryableError as error:
                if route is not DeliveryRoute.FOLLOW_UP or not error.is_long:
                    raise
                await self._store.write(_clear_attempt, message)
                later = error
            except InvalidMessageError as error:
                later = later or error
            else:
                return True
        if later is not None:
            raise later
        return False

    async def _post_ending(self, target: Target, request: Request, card: StatusCard, claim: Claim) -> None:
        await send_with_fallback(
            lambda form: self._messenger.post_ending(target, card, form=form, claim=claim),
            what="message on how it ended",
            facts=log_context(request),
        )

    async def _claim_ending(self, message: OutboxMessage, route: DeliveryRoute, *, records: bool) -> None:
        """Extend the lease; before a follow-up, which has no nonce, or with `records`, record the attempt.

        Raises:
            ConflictError: another dispatcher has leased the message since.
        """
        now = self._clock()
        is_recorded = records or route is DeliveryRoute.FOLLOW_UP
        attempt = DeliveryAttempt(route, now) if is_recorded else None
        await self._store.write(_claim_ending, message, attempt, lease_until(now, self._lease_s))

    async def _current_queue(self, now: datetime) -> QueueSnapshot:
        if self._queue_at is None or abs(now - self._queue_at) >= timedelta(seconds=SNAPSHOT_TTL_S):
            self._queue_at = now
            self._queue = await self._store.read(queue_snapshot, self._slots, now)
        return self._queue


@dataclass(frozen=True, slots=True)
class _View:
    """All that a status message says, read at once."""

    request: Request
    durations: DurationStats
    """How long its model takes."""
    backoff_end: datetime | None
    """Until when its member is held back by its failure."""
    shown: ShownOptions


@reads(Share.WORKERS)
def _view(uow: UnitOfWork, request_id: int, now: datetime) -> _View:
    request = get_request(uow, request_id)
    return _View(
        request=request,
        durations=uow.durations.get(request.spec.model),
        backoff_end=backoff_after_failure(uow, request, now),
        shown=shown_options(uow, request),
    )


@unit_of_work("outbox.mark_status_sent")
def _mark_status_sent(
    uow: UnitOfWork,
    message: OutboxMessage,
    card: StatusCard,
    budget: EditBudget,
    not_before: datetime,
    next_at: datetime | None,
) -> None:
    """Mark the status message as sent, and erase the token of one that will not change any more."""
    uow.outbox.mark_sent(message, fingerprint=str(budget), not_before=not_before, next_at=next_at)
    if card.is_final:
        _erase_token(uow, message.source_id)


@unit_of_work("outbox.record_attempt")
def _claim_ending(
    uow: UnitOfWork, message: OutboxMessage, attempt: DeliveryAttempt | None, until: datetime
) -> None:
    uow.outbox.extend_lease(message, until=until)
    if attempt is not None:
        uow.outbox.record_attempt(message, str(attempt))


@unit_of_work("outbox.clear_attempt")
def _clear_attempt(uow: UnitOfWork, message: OutboxMessage) -> None:
    """Clear the attempt of a follow-up that was certainly not accepted, so that it can be sent again."""
    uow.outbox.record_attempt(message, None)


@unit_of_work("outbox.set_status_message")
def _set_message(uow: UnitOfWork, request_id: int, message_id: int) -> None:
    request = get_request(uow, request_id)
    uow.requests.set_address(request_id, replace(request.address, message_id=message_id))


@unit_of_work("outbox.erase_token")
def _erase_token(uow: UnitOfWork, request_id: int) -> None:
    request = get_request(uow, request_id)
    if request.address.token is not None:
        uow.requests.set_address(request_id, replace(request.address, token=None))
