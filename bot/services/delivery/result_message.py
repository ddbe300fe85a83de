"""The delivery of finished songs: files, messages, and the routes around a closed channel."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeAlias

from bot.domain.errors import (
    InvalidMessageError,
    MediaError,
    MessengerError,
    NoAccessError,
    RetryableError,
)
from bot.domain.leases import lease_until
from bot.domain.provider_tasks import Clip
from bot.domain.requests import Request, State
from bot.domain.transitions import Transition
from bot.services.cards import ResultCard, ShownOptions, result_card
from bot.services.delivery.message_forms import may_be_accepted_later
from bot.services.delivery.routes import DeliveryAttempt, DeliveryRoute, delivery_routes
from bot.services.ports import (
    ChannelTarget,
    Claim,
    Clock,
    DirectMessageTarget,
    FollowUpTarget,
    Media,
    MediaSource,
    MessageForm,
    MessageRef,
    Messenger,
    SongTags,
    Target,
)
from bot.services.repositories.outbox import OutboxMessage
from bot.services.repositories.requests import RequestChanges
from bot.services.requests.shown_options import shown_options, song_tags
from bot.services.requests.transitions import apply_transition, get_request, log_context
from bot.services.runtime.timings import WorkTimings
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)
Files: TypeAlias = tuple[Media | None, ...]

UPLOAD_LIMIT = 24 * 1024 * 1024
"""Bytes of files in one message; Discord accepts 25 MiB a request, and the message itself takes the rest."""
DIRECT_LIMIT = 10 * 1024 * 1024
"""Bytes of one file in a direct message (reference, "Uploading Files")."""
FILE_ATTEMPTS = 5
"""Attempts to download the files, over more than half a minute, before only links are posted."""


@dataclass(frozen=True, slots=True)
class ClipMedia:
    """One clip's link and file."""

    link: str | None
    """Its audio link; None if that cannot be shown or leads nowhere."""
    file: Media | None = None
    error: MediaError | None = None
    """The reason why there is no file."""


@dataclass(frozen=True, slots=True)
class ResultPayload:
    """A result with its files, ready to be posted."""

    request: Request
    card: ResultCard
    files: tuple[Media | None, ...]


NOWHERE = "OPERATOR: the song can be posted nowhere; it is kept"
REFUSED = "OPERATOR: Discord refuses the song's message; it is kept"


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The outcome of a delivery that failed, or whose success is unknown; the song is kept."""

    why: str
    """The log line for the operator."""
    maybe_in: int | None = None
    """The channel in which it may have been posted all the same."""


class ResultDelivery:
    """The posting of results; a repeat finds the first post."""

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        media: MediaSource,
        *,
        attach_audio: bool,
        clock: Clock,
        timings: WorkTimings = WorkTimings(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._media = media
        self._attach_audio = attach_audio
        self._clock = clock
        self._lease_s = timings.leases.message_s
        self._refused = timings.retries.refused

    async def deliver(self, message: OutboxMessage) -> None:
        """Post the request's clips where its member can see them, and record where.

        Raises:
            MediaError: a file cannot be downloaded yet; nothing was posted.
            RetryableError: Discord did not accept the message now.
            ConflictError: another dispatcher has leased the message since.
        """
        request, shown = await self._store.read(_view, message.source_id)
        outcome = await self._outcome(message, request, shown) if request.state is State.READY else None
        if isinstance(outcome, Undelivered):
            log.error(outcome.why, extra=log_context(request, Transition.FAIL_DELIVERY))
        await self._store.write(_record, message, outcome, self._clock())

    async def _outcome(
        self, message: OutboxMessage, request: Request, shown: ShownOptions
    ) -> MessageRef | Undelivered:
        """Post the result, or find that it was posted before; raise as `deliver` does."""
        with_files = self._attach_audio and message.attempts < FILE_ATTEMPTS
        found = await self._fetch_clips(request, shown, with_files=with_files)
        if message.attempts + 1 < FILE_ATTEMPTS:
            _raise_if_pending(found)
        links = [one.link for one in found]
        card = result_card(request, links, offered=self._media.offered, shown=shown)
        payload = ResultPayload(request, card, tuple(one.file for one in found))
        outcome = (
            await self._resume(message, payload, DeliveryAttempt.parse(message.attempt))
            if message.attempt
            else None
        )
        return await self._post(message, payload) if outcome is None else outcome

    async def _fetch_clips(
        self, request: Request, shown: ShownOptions, *, with_files: bool
    ) -> Sequence[ClipMedia]:
        """Return the link and file of each clip, in their order."""
        limit = min(request.address.attachment_limit, UPLOAD_LIMIT // max(len(request.clips), 1))
        fetching = (
            self._fetch(request, clip, tags, limit=limit if with_files else 0)
            for clip, tags in zip(request.clips, song_tags(request, shown), strict=True)
        )
        return await asyncio.gather(*fetching)

    async def _fetch(self, request: Request, clip: Clip, tags: SongTags, *, limit: int) -> ClipMedia:
        link = self._media.offered(clip.audio_url)
        if link is None or not limit:
            return ClipMedia(link)
        try:
            return ClipMedia(link, await self._media.fetch_audio(link, limit=limit, tags=tags))
        except MediaError as error:
            log.warning("no file for a clip: %s", error.cause, extra=log_context(request))
            return ClipMedia(None if error.is_dead else link, error=error)

    async def _resume(
        self, message: OutboxMessage, payload: ResultPayload, attempt: DeliveryAttempt
    ) -> MessageRef | Undelivered | None:
        """Return the outcome of an earlier attempt that is unknown; None if it certainly failed.

        A result that may be in a channel that the bot cannot read is never posted again elsewhere.
        """
        target = attempt.target(payload.request)
        try:
            return await self._messenger.find_result(target, payload.card)
        except NoAccessError as error:
            # a deleted channel is gone with its messages, so the song is posted again
            if error.gone:
                return None
        except InvalidMessageError as error:
            log.error("Discord refuses the search: %s", error.cause, extra=log_context(payload.request))
        if attempt.is_deduplicated(self._clock()):
            try:
                keep = partial(self._claim, message, attempt)
                return await self._send(target, payload, keep)
            except NoAccessError as error:
                if error.gone:
                    return None
            except InvalidMessageError as error:
                log.error("Discord refuses a repeat: %s", error.cause, extra=log_context(payload.request))
        # A nonce expires after minutes, and follow-ups have none. A message that may be the second
        # one is worse than a status message that certainly has the links.
        return _unknown_outcome(attempt, payload.request)

    async def _post(self, message: OutboxMessage, payload: ResultPayload) -> MessageRef | Undelivered:
        """Post the result by the best route that works; record each attempt before it is made.

        A route that refuses the message in every form may accept it later, so it is retried for about a day.
        """
        request, later, refused = payload.request, None, False
        for route in delivery_routes(request, self._clock()):
            target = DeliveryAttempt(route, self._clock()).target(request)
            try:
                return await self._send(target, payload, partial(self._claim, message, route))
            except MessengerError as error:
                if not isinstance(error, RetryableError) or error.not_taken:
                    await self._store.write(_set_attempt, message, None)
                later = later or _long_wait(error, route)
                refused = refused or isinstance(error, InvalidMessageError)
                log.info("cannot post by %s: %r", route, error, extra=log_context(request))
        if later is None and refused and may_be_accepted_later(request, self._clock()):
            pause_s = self._refused.delay_s(message.attempts + 1)
            later = RetryableError("the result is refused in every form", pause_s, not_taken=True)
        if later is not None:
            raise later
        return Undelivered(REFUSED if refused else NOWHERE)

    async def _claim(self, message: OutboxMessage, route: DeliveryRoute | DeliveryAttempt) -> None:
        """Extend the lease and record the attempt that is about to be made.

        Raises:
            ConflictError: another dispatcher has leased the message since.
        """
        now = self._clock()
        attempt = route if isinstance(route, DeliveryAttempt) else DeliveryAttempt(route, now)
        await self._store.write(_claim, message, attempt, lease_until(now, self._lease_s))

    async def _send(self, target: Target, payload: ResultPayload, claim: Claim) -> MessageRef:
        """Post the result in full, or as much of it as Discord accepts.

        Raises:
            NoAccessError, TokenExpiredError, RetryableError
            InvalidMessageError: Discord refuses it in every form.
        """
        files, form = _fitting(target, payload.files), MessageForm.FULL
        while True:
            try:
                return await self._messenger.post_result(target, payload.card, files, form=form, claim=claim)
            except InvalidMessageError as error:
                log.warning("Discord refuses a result: %s", error.cause, extra=log_context(payload.request))
                plainer = _plainer(files, form, is_too_large=error.is_too_large)
                if plainer is None:
                    raise
                files, form = plainer


def _long_wait(error: MessengerError, route: DeliveryRoute) -> RetryableError | None:
    """Return the error of a route whose wait is too long; None if the route is closed.

    Raises:
        RetryableError: the route has to be waited for.
    """
    if not isinstance(error, RetryableError):
        return None
    if route is not DeliveryRoute.FOLLOW_UP or not error.is_long:
        raise error
    return error


def _plainer(files: Files, form: MessageForm, *, is_too_large: bool) -> tuple[Files, MessageForm] | None:
    """Return the next smaller form of a refused message; None after the last.

    First the largest file is left out if the message is too large, else all files; then the form is reduced.
    """
    if any(files):
        return (_without_largest(files) if is_too_large else (None,) * len(files)), form
    forms = list(MessageForm)
    return None if form is forms[-1] else (files, forms[forms.index(form) + 1])


def _fitting(target: Target, files: Files) -> Files:
    """Return the files that the target accepts; direct messages have a lower limit than boosted servers."""
    if not isinstance(target, DirectMessageTarget):
        return files
    return tuple(file if file and len(file.data) <= DIRECT_LIMIT else None for file in files)


def _without_largest(files: Files) -> Files:
    """Return the files without the largest one."""
    largest = max(range(len(files)), key=lambda index: len(file.data) if (file := files[index]) else 0)
    return tuple(None if index == largest else file for index, file in enumerate(files))


def _raise_if_pending(found: Sequence[ClipMedia]) -> None:
    """Raise the error of a file that may be there in a few seconds: a new link does not work at once."""
    for one in found:
        if one.error is not None and one.error.is_passing:
            raise one.error


def _unknown_outcome(attempt: DeliveryAttempt, request: Request) -> Undelivered:
    """Return the outcome of a result that may have been posted in a channel that the bot cannot read."""
    target = attempt.target(request)
    channel_id = target.channel_id if isinstance(target, ChannelTarget) else None
    if isinstance(target, FollowUpTarget):
        channel_id = target.address.channel_id
    return Undelivered(
        "OPERATOR: nobody can tell whether the song was posted; it is kept", maybe_in=channel_id
    )


@reads(Share.WORKERS)
def _view(uow: UnitOfWork, request_id: int) -> tuple[Request, ShownOptions]:
    request = get_request(uow, request_id)
    return request, shown_options(uow, request)


@unit_of_work("delivery.record_attempt")
def _claim(uow: UnitOfWork, message: OutboxMessage, attempt: DeliveryAttempt, until: datetime) -> None:
    uow.outbox.extend_lease(message, until=until)
    _set_attempt(uow, message, attempt)


@unit_of_work("delivery.clear_attempt")
def _set_attempt(uow: UnitOfWork, message: OutboxMessage, attempt: DeliveryAttempt | None) -> None:
    """Record where the result is about to be posted; None if it was certainly not posted there."""
    uow.outbox.record_attempt(message, str(attempt) if attempt else None)


@unit_of_work("delivery.record_outcome")
def _record(
    uow: UnitOfWork, message: OutboxMessage, outcome: MessageRef | Undelivered | None, now: datetime
) -> None:
    """Record the outcome and that the message is sent; None: the outcome was recorded before."""
    uow.outbox.mark_sent(message, fingerprint=None, not_before=now, next_at=None)
    request = get_request(uow, message.source_id)
    if outcome is None or request.state is not State.READY:
        return
    if isinstance(outcome, Undelivered):
        changes = (
            RequestChanges()
            if outcome.maybe_in is None
            else RequestChanges(result_channel_id=outcome.maybe_in)
        )
        apply_transition(uow, request, Transition.FAIL_DELIVERY, now=now, **changes)
        return
    apply_transition(
        uow,
        request,
        Transition.DELIVER,
        now=now,
        result_channel_id=outcome.channel_id,
        result_message_id=outcome.message_id,
    )
