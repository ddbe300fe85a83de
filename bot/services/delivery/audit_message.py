"""The herald: posts moderators' decisions to their server's log channel, until Discord has them."""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from bot.domain.errors import ConflictError, InvalidMessageError, NoAccessError, RetryableError
from bot.services.delivery.message_forms import send_plainest
from bot.services.ports import Clock, Messenger
from bot.services.repositories.audit_log import DueAuditEntry
from bot.services.runtime.lease import Lease, defer, lease_until
from bot.services.runtime.timings import LeaseTimings
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

RETRY_S = 5.0
"""Seconds before the first repeat; doubled each time."""
RETRY_MAX_S = 600.0
ATTEMPTS = 20
"""After so many, which is about two hours, a decision is in the audit log only."""


class AuditLogDispatcher:
    """The desk that posts decisions."""

    name = "audit_log"

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
        """The decisions to post now."""
        lease = Lease(self._owner, self._lease_until())
        return await self._store.write(_claim, self._clock(), lease, limit)

    def _lease_until(self) -> datetime:
        return lease_until(self._clock(), self._lease_s)

    async def next_due_at(self) -> datetime | None:
        """When the next decision has to be posted."""
        return await self._store.read(lambda work: work.audit_log.next_due_at())

    async def handle(self, due: DueAuditEntry) -> None:
        """Post one decision, or keep it for later."""
        change = due.entry
        settings = await self._store.read(lambda work: work.guilds.settings(change.guild_id))
        facts = entry_log_context(due)
        if settings.log_channel_id is not None:
            try:
                await self._post(settings.log_channel_id, due)
            except ConflictError as error:
                log.warning("left to whoever has it now: %s", error, extra=facts)
                return
            except RetryableError as error:
                if due.attempts + 1 < ATTEMPTS:
                    await self._retry(due, error)
                    return
                log.error("OPERATOR: a decision could not be posted: %s", error.cause, extra=facts)
            except NoAccessError as error:
                log.warning("a decision can't be posted to the log channel: %r", error, extra=facts)
        await self._store.write(_posted, due)

    async def _keep(self, due: DueAuditEntry) -> None:
        """Count the lease from the moment that the turn in the channel has come.

        Raises:
            StaleError: another worker has the decision in hand by now.
        """
        await self._store.write(_keep, due, self._lease_until())

    async def _post(self, channel_id: int, due: DueAuditEntry) -> None:
        """Post it in full, or without what people wrote.

        Raises:
            NoAccessError
            StaleError: another worker has the decision in hand by now.
            TryLaterError: Discord did not take it now, or not in any form.
        """
        try:
            await send_plainest(
                lambda form: self._messenger.post_audit_entry(
                    channel_id, due.entry, form=form, claim=partial(self._keep, due)
                ),
                what="decision",
                facts=entry_log_context(due),
            )
        except InvalidMessageError as error:
            raise RetryableError(error.cause, not_taken=True) from error

    async def _retry(self, due: DueAuditEntry, error: RetryableError) -> None:
        pause_s = max(error.retry_after_s or 0.0, min(RETRY_S * 2.0**due.attempts, RETRY_MAX_S))
        await self._store.write(_failed, due, defer(self._clock(), pause_s))


@unit_of_work("audit_log.claim")
def _claim(uow: UnitOfWork, now: datetime, lease: Lease, limit: int) -> list[DueAuditEntry]:
    return uow.audit_log.claim_due(now=now, lease=lease, limit=limit)


@unit_of_work("audit_log.extend_lease")
def _keep(uow: UnitOfWork, due: DueAuditEntry, until: datetime) -> None:
    uow.audit_log.extend_lease(due, until=until)


@unit_of_work("audit_log.mark_sent")
def _posted(uow: UnitOfWork, due: DueAuditEntry) -> None:
    uow.audit_log.mark_sent(due)


@unit_of_work("audit_log.reschedule")
def _failed(uow: UnitOfWork, due: DueAuditEntry, next_at: datetime) -> None:
    uow.audit_log.reschedule(due, next_at=next_at)


def entry_log_context(due: DueAuditEntry) -> dict[str, object]:
    """What the log says of a decision."""
    return {"guild": due.entry.guild_id, "audit_entry": due.entry.id}
