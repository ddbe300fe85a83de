"""Audit messages: moderators' decisions, posted to the log channels of their servers."""

import asyncio
import logging
from datetime import datetime
from functools import partial

from bot.domain.audit import AuditEntry
from bot.domain.errors import InvalidMessageError, NoAccessError, RetryableError
from bot.domain.leases import lease_until
from bot.services.audit_log import with_request_link
from bot.services.delivery.message_forms import send_with_fallback
from bot.services.ports import Clock, Messenger
from bot.services.repositories.outbox import OutboxMessage
from bot.services.requests.transitions import message_log_context
from bot.services.runtime.timings import LeaseTimings
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)

ATTEMPTS = 30
"""Attempts, over about two hours, after which a decision stays in the audit log only."""
POSTS_AT_ONCE = 4
"""Posts at a time: those of one channel wait for each other, and no song's message waits for them."""
POSTPONED_S = 1.0
"""Seconds until a decision that had to wait is tried."""


class AuditMessages:
    """The posting of audit entries to log channels."""

    def __init__(self, store: Store, messenger: Messenger, clock: Clock, leases: LeaseTimings) -> None:
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._lease_s = leases.message_s
        self._slots = asyncio.Semaphore(POSTS_AT_ONCE)

    async def post(self, message: OutboxMessage) -> bool:
        """Post an audit entry to its server's log channel if the server has one that the bot can use.

        Return False if it has to wait, because too many are being posted.

        Raises:
            ConflictError: another dispatcher has leased the message since.
            RetryableError: Discord did not accept it now, or not in any form.
        """
        if self._slots.locked():
            return False
        async with self._slots:
            entry, channel_id = await self._store.read(_view, message.source_id)
            if entry is not None and channel_id is not None:
                await self._post(message, entry, channel_id)
        return True

    async def _post(self, message: OutboxMessage, entry: AuditEntry, channel_id: int) -> None:
        """Post the entry in full, or without text that people wrote; give it up if that is hopeless."""
        facts = message_log_context(message) | {"guild": entry.guild_id}
        claim = partial(self._extend_lease, message)
        try:
            await send_with_fallback(
                lambda form: self._messenger.post_audit_entry(channel_id, entry, form=form, claim=claim),
                what="decision",
                facts=facts,
            )
        except NoAccessError as error:
            log.warning("a decision can't be posted to the log channel: %r", error, extra=facts)
        except (RetryableError, InvalidMessageError) as error:
            if message.attempts + 1 < ATTEMPTS:
                if isinstance(error, RetryableError):
                    raise
                raise RetryableError(error.cause, not_taken=True) from error
            log.error("OPERATOR: a decision could not be posted: %s", error.cause, extra=facts)

    async def _extend_lease(self, message: OutboxMessage) -> None:
        """Extend the lease from now, because the post has waited for its turn in the channel."""
        await self._store.write(_extend_lease, message, lease_until(self._clock(), self._lease_s))


@reads(Share.WORKERS)
def _view(uow: UnitOfWork, entry_id: int) -> tuple[AuditEntry | None, int | None]:
    """Return the entry and its server's log channel."""
    entry = uow.audit_log.find(entry_id)
    if entry is None:
        return None, None
    return with_request_link(uow, entry), uow.guilds.settings(entry.guild_id).log_channel_id


@unit_of_work("outbox.extend_lease")
def _extend_lease(uow: UnitOfWork, message: OutboxMessage, until: datetime) -> None:
    uow.outbox.extend_lease(message, until=until)
