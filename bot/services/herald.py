"""The herald: posts moderators' decisions to their server's log channel, until Discord has them."""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from bot.domain.errors import NoAccessError, StaleError, TryLaterError, UnsendableError
from bot.services.books import DueChange
from bot.services.lease import Lease, lease_until, put_off
from bot.services.message_forms import send_plainest
from bot.services.ports import Announcer, Clock
from bot.services.timings import LeaseTimings
from bot.services.work import Store, Work, unit_of_work

log = logging.getLogger(__name__)

RETRY_S = 5.0
"""Seconds before the first repeat; doubled each time."""
RETRY_MAX_S = 600.0
ATTEMPTS = 20
"""After so many, which is about two hours, a decision is in the audit log only."""


class Herald:
    """The desk that posts decisions."""

    name = "herald"

    def __init__(
        self,
        store: Store,
        announcer: Announcer,
        *,
        owner: str,
        clock: Clock,
        leases: LeaseTimings = LeaseTimings(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._owner = owner
        self._clock = clock
        self._lease_s = leases.audit_s

    async def claim(self, limit: int) -> Sequence[DueChange]:
        """The decisions to post now."""
        lease = Lease(self._owner, self._lease_until())
        return await self._store.write(_claim, self._clock(), lease, limit)

    def _lease_until(self) -> datetime:
        return lease_until(self._clock(), self._lease_s)

    async def next_due_at(self) -> datetime | None:
        """When the next decision has to be posted."""
        return await self._store.read(lambda work: work.changes.next_due_at())

    async def handle(self, due: DueChange) -> None:
        """Post one decision, or keep it for later."""
        change = due.change
        settings = await self._store.read(lambda work: work.guilds.settings(change.guild_id))
        facts = facts_of_change(due)
        if settings.log_channel_id is not None:
            try:
                await self._post(settings.log_channel_id, due)
            except StaleError as error:
                log.warning("left to whoever has it now: %s", error, extra=facts)
                return
            except TryLaterError as error:
                if due.attempts + 1 < ATTEMPTS:
                    await self._retry(due, error)
                    return
                log.error("OPERATOR: a decision could not be posted: %s", error.cause, extra=facts)
            except NoAccessError as error:
                log.warning("a decision can't be posted to the log channel: %r", error, extra=facts)
        await self._store.write(_posted, due)

    async def _keep(self, due: DueChange) -> None:
        """Count the lease from the moment that the turn in the channel has come.

        Raises:
            StaleError: another worker has the decision in hand by now.
        """
        await self._store.write(_keep, due, self._lease_until())

    async def _post(self, channel_id: int, due: DueChange) -> None:
        """Post it in full, or without what people wrote.

        Raises:
            NoAccessError
            StaleError: another worker has the decision in hand by now.
            TryLaterError: Discord did not take it now, or not in any form.
        """
        try:
            await send_plainest(
                lambda form: self._announcer.post_change(
                    channel_id, due.change, form=form, claim=partial(self._keep, due)
                ),
                what="decision",
                facts=facts_of_change(due),
            )
        except UnsendableError as error:
            raise TryLaterError(error.cause, not_taken=True) from error

    async def _retry(self, due: DueChange, error: TryLaterError) -> None:
        pause_s = max(error.retry_after_s or 0.0, min(RETRY_S * 2.0**due.attempts, RETRY_MAX_S))
        await self._store.write(_failed, due, put_off(self._clock(), pause_s))


@unit_of_work("audit_log.claim")
def _claim(work: Work, now: datetime, lease: Lease, limit: int) -> list[DueChange]:
    return work.changes.claim_due(now=now, lease=lease, limit=limit)


@unit_of_work("audit_log.extend_lease")
def _keep(work: Work, due: DueChange, until: datetime) -> None:
    work.changes.keep(due, until=until)


@unit_of_work("audit_log.mark_sent")
def _posted(work: Work, due: DueChange) -> None:
    work.changes.posted(due)


@unit_of_work("audit_log.reschedule")
def _failed(work: Work, due: DueChange, next_at: datetime) -> None:
    work.changes.failed(due, next_at=next_at)


def facts_of_change(due: DueChange) -> dict[str, object]:
    """What the log says of a decision."""
    return {"guild": due.change.guild_id, "change": due.change.id}
