"""The outbox dispatcher: sends the outbox's messages until Discord has accepted them."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from bot.domain.errors import (
    AnsweredElsewhereError,
    ConflictError,
    MediaError,
    RetryableError,
)
from bot.domain.leases import Lease, defer, lease_until
from bot.services.delivery.approval_message import ApprovalMessages
from bot.services.delivery.audit_message import POSTPONED_S, AuditMessages
from bot.services.delivery.digest_message import DigestMessages
from bot.services.delivery.news_message import NewsMessages
from bot.services.delivery.result_message import ResultDelivery
from bot.services.delivery.routes import reschedule
from bot.services.delivery.showcase_message import ShowcaseMessages
from bot.services.delivery.status_message import StatusMessages
from bot.services.delivery.welcome_message import WelcomeMessages
from bot.services.ports import Clock, MediaSource, Messenger, WorkQueue
from bot.services.repositories.outbox import MessageKind, OutboxMessage
from bot.services.requests.duplicates import cancel_duplicate
from bot.services.requests.placement import SongConfig
from bot.services.requests.transitions import message_log_context
from bot.services.runtime.timings import WorkTimings
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)


EDITS_AT_ONCE = 15
"""How many messages that are not urgent are sent at once: edits wait for their channel's rate limit, and
a song of another server must not wait for them."""


class OutboxDispatcher:
    """The job handler that edits status messages, and posts results and what moderators see."""

    name = "outbox"
    queue = WorkQueue.OUTBOX

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        media: MediaSource,
        delivery: ResultDelivery,
        *,
        owner: str,
        config: SongConfig,
        clock: Clock,
        timings: WorkTimings = WorkTimings(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._statuses = StatusMessages(store, messenger, media, config=config, clock=clock, timings=timings)
        self._delivery = delivery
        self._approvals = ApprovalMessages(store, messenger, clock, timings.leases)
        self._showcase = ShowcaseMessages(store, messenger, clock, timings.leases)
        self._welcomes = WelcomeMessages(store, messenger, config, clock, timings.leases)
        self._digests = DigestMessages(store, messenger, config.caps, clock, timings.leases)
        self._news = NewsMessages(store, messenger, clock, timings.leases)
        self._audit_messages = AuditMessages(store, messenger, clock, timings.leases)
        self._owner = owner
        self._spacing = timedelta(seconds=config.edit_spacing_s)
        self._clock = clock
        self._lease_s = timings.leases.message_s
        self._retries = timings.retries
        self._edits = 0
        """How many messages that are not urgent are being sent."""
        self._last_guild_id = 0
        """The server that had the last turn."""

    async def claim(self, limit: int) -> Sequence[OutboxMessage]:
        """Claim due messages: results and endings first, and then each server has a turn."""
        now, others = self._clock(), EDITS_AT_ONCE - self._edits
        lease = Lease(self._owner, lease_until(now, self._lease_s))
        claimed = await self._store.write(_claim, now, lease, limit, others, self._last_guild_id)
        self._edits += sum(not message.is_urgent for message in claimed)
        if claimed:
            self._last_guild_id = claimed[-1].guild_id
        return claimed

    async def next_due_at(self) -> datetime | None:
        """Return when the next message that can be claimed is due."""
        only_urgent = self._edits >= EDITS_AT_ONCE
        return await self._store.read(_next_due_at, only_urgent=only_urgent)

    async def handle(self, message: OutboxMessage) -> None:
        """Send one message, or reschedule it."""
        try:
            await self._try(message)
        finally:
            self._edits -= not message.is_urgent

    async def _try(self, message: OutboxMessage) -> None:
        try:
            await self._send(message)
        except RetryableError as error:
            pause_s = self._retries.message.delay_s(message.attempts + 1, retry_after_s=error.retry_after_s)
            log.warning(
                "could not send a %s, next attempt in %.0f s: %s",
                message.kind,
                pause_s,
                error.cause,
                extra=message_log_context(message),
            )
            await self._retry(message, pause_s)
        except MediaError as error:
            pause_s = self._retries.message.delay_s(message.attempts + 1)
            log.info(
                "waiting %.0f s for a file: %s", pause_s, error.cause, extra=message_log_context(message)
            )
            await self._retry(message, pause_s)
        except AnsweredElsewhereError:
            await self._store.write(cancel_duplicate, message.source_id, self._clock())
            log.error(
                "OPERATOR: another copy of the bot, with the same token and another database, has answered"
                " first; its request is cancelled here",
                extra=message_log_context(message),
            )
        except ConflictError as error:
            log.warning(
                "another worker has leased the message: %s", error, extra=message_log_context(message)
            )

    async def _send(self, message: OutboxMessage) -> None:
        match message.kind:
            case MessageKind.STATUS:
                await self._statuses.show(message)
            case MessageKind.APPROVAL:
                said = await self._approvals.show(message)
                await self._store.write(_mark_sent, message, said, self._clock() + self._spacing, None)
            case MessageKind.RESULT:
                await self._delivery.deliver(message)
            case MessageKind.AUDIT:
                if await self._audit_messages.post(message):
                    await self._store.write(_mark_sent, message, None, self._clock(), None)
                else:
                    await self._store.write(_postpone, message, defer(self._clock(), POSTPONED_S))
            case MessageKind.WELCOME:
                await self._welcomes.post(message)
                await self._store.write(_mark_sent, message, None, self._clock(), None)
            case MessageKind.DIGEST:
                week, next_at = await self._digests.post(message)
                await self._store.write(_mark_sent, message, week, self._clock(), next_at)
            case MessageKind.NEWS:
                await self._news.send(message)
                await self._store.write(_mark_sent, message, None, self._clock(), None)
            case MessageKind.SHOWCASE:
                posts = await self._showcase.show(message)
                await self._store.write(_mark_sent, message, posts, self._clock(), None)
            case _:
                assert_never(message.kind)

    async def _retry(self, message: OutboxMessage, pause_s: float) -> None:
        await self._store.write(reschedule, message, defer(self._clock(), pause_s))


@unit_of_work("outbox.claim")
def _claim(
    uow: UnitOfWork, now: datetime, lease: Lease, limit: int, others: int, after: int
) -> list[OutboxMessage]:
    return uow.outbox.claim_due(now=now, lease=lease, limit=limit, others=others, after=after)


@unit_of_work("outbox.postpone")
def _postpone(uow: UnitOfWork, message: OutboxMessage, next_at: datetime) -> None:
    uow.outbox.postpone(message, next_at=next_at)


@unit_of_work("outbox.mark_sent")
def _mark_sent(
    uow: UnitOfWork,
    message: OutboxMessage,
    fingerprint: str | None,
    not_before: datetime,
    next_at: datetime | None,
) -> None:
    uow.outbox.mark_sent(message, fingerprint=fingerprint, not_before=not_before, next_at=next_at)


@reads(Share.WORKERS)
def _next_due_at(uow: UnitOfWork, *, only_urgent: bool) -> datetime | None:
    return uow.outbox.next_due_at(only_urgent=only_urgent)
