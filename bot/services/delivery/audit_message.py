"""The audit log dispatcher: posts moderators' decisions to log channels until Discord accepts them."""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from bot.domain.errors import ConflictError, InvalidMessageError, NoAccessError, RetryableError
from bot.domain.leases import Lease, defer, lease_until
from bot.services.delivery.message_forms import send_with_fallback
from bot.services.ports import Clock, Messenger, WorkQueue
from bot.services.repositories.audit_log import DueAuditEntry
from bot.services.runtime.timings import LeaseTimings
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

RETRY_S = 5.0
"""Seconds before the first retry; doubled each time."""
RETRY_MAX_S = 600.0
ATTEMPTS = 20
"""Attempts, over about two hours, after which a decision stays in the audit log only."""


class AuditLogDispatcher:
    """The job handler that posts decisions."""

    name = "audit_log"
    queue = WorkQueue.AUDIT_LOG

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        *,
        owner: str,
        clock: Clock,
        leases: LeaseTimings = LeaseTimings(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._owner = owner
        self._clock = clock
        self._lease_s = leases.audit_s

    async def claim(self, limit: int) -> Sequence[DueAuditEntry]:
        """Claim the decisions that are due."""
        lease = Lease(self._owner, self._lease_until())
        return await self._store.write(_claim, self._clock(), lease, limit)

    def _lease_until(self) -> datetime:
        return lease_until(self._clock(), self._lease_s)

    async def next_due_at(self) -> datetime | None:
        """Return when the next decision has to be posted."""
        return await self._store.read(lambda work: work.audit_log.next_due_at())

    async def handle(self, due: DueAuditEntry) -> None:
        """Post one decision, or reschedule it."""
        entry = due.entry
        settings = await self._store.read(lambda work: work.guilds.settings(entry.guild_id))
        facts = entry_log_context(due)
        if settings.log_channel_id is not None:
            try:
                await self._post(settings.log_channel_id, due)
            except ConflictError as error:
                log.warning("another worker has leased the decision: %s", error, extra=facts)
                return
            except RetryableError as error:
                if due.attempts + 1 < ATTEMPTS:
                    await self._retry(due, error)
                    return
                log.error("OPERATOR: a decision could not be posted: %s", error.cause, extra=facts)
            except NoAccessError as error:
                log.warning("a decision can't be posted to the log channel: %r", error, extra=facts)
        await self._store.write(_mark_posted, due)

    async def _extend_lease(self, due: DueAuditEntry) -> None:
        """Extend the lease from now, because the post has waited for the rate limit of its channel.

        Raises:
            ConflictError: another worker has leased the decision since.
        """
        await self._store.write(_extend_lease, due, self._lease_until())

    async def _post(self, channel_id: int, due: DueAuditEntry) -> None:
        """Post the decision in full, or without text that people wrote.

        Raises:
            NoAccessError
            ConflictError: another worker has leased the decision since.
            RetryableError: Discord did not accept it now, or not in any form.
        """
        try:
            await send_with_fallback(
                lambda form: self._messenger.post_audit_entry(
                    channel_id, due.entry, form=form, claim=partial(self._extend_lease, due)
                ),
                what="decision",
                facts=entry_log_context(due),
            )
        except InvalidMessageError as error:
            raise RetryableError(error.cause, not_taken=True) from error

    async def _retry(self, due: DueAuditEntry, error: RetryableError) -> None:
        pause_s = max(error.retry_after_s or 0.0, min(RETRY_S * 2.0**due.attempts, RETRY_MAX_S))
        await self._store.write(_record_failure, due, defer(self._clock(), pause_s))


@unit_of_work("audit_log.claim")
def _claim(uow: UnitOfWork, now: datetime, lease: Lease, limit: int) -> list[DueAuditEntry]:
    return uow.audit_log.claim_due(now=now, lease=lease, limit=limit)


@unit_of_work("audit_log.extend_lease")
def _extend_lease(uow: UnitOfWork, due: DueAuditEntry, until: datetime) -> None:
    uow.audit_log.extend_lease(due, until=until)


@unit_of_work("audit_log.mark_sent")
def _mark_posted(uow: UnitOfWork, due: DueAuditEntry) -> None:
    uow.audit_log.mark_sent(due)


@unit_of_work("audit_log.reschedule")
def _record_failure(uow: UnitOfWork, due: DueAuditEntry, next_at: datetime) -> None:
    uow.audit_log.reschedule(due, next_at=next_at)


def entry_log_context(due: DueAuditEntry) -> dict[str, object]:
    """Return the structured log fields of a decision."""
    return {"guild": due.entry.guild_id, "audit_entry": due.entry.id}
