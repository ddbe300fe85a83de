"""The worker pool of a process: five job handlers, each with a loop of its own."""

import asyncio
from dataclasses import dataclass, field

from bot.domain.polling import PollLimits
from bot.domain.requests import Request
from bot.services.delivery.audit_message import AuditLogDispatcher, entry_log_context
from bot.services.delivery.dispatcher import OutboxDispatcher
from bot.services.delivery.result_message import ResultDelivery
from bot.services.ports import Clock, MediaSource, Messenger, Metrics, Random, SongProvider
from bot.services.privacy.retention import CleanupHandler, CleanupTask, RetentionConfig
from bot.services.provider.poller import Poller
from bot.services.provider.submitter import Submitter
from bot.services.repositories.audit_log import DueAuditEntry
from bot.services.repositories.outbox import OutboxMessage
from bot.services.requests.log_context import log_context, message_log_context
from bot.services.requests.placement import SongConfig
from bot.services.runtime.clock_watch import ClockWatch
from bot.services.runtime.timings import WorkTimings
from bot.services.runtime.worker import Worker
from bot.services.unit_of_work import Store

SUBMIT_CONCURRENCY = 16
POLL_CONCURRENCY = 32
MESSAGE_CONCURRENCY = 16
AUDIT_CONCURRENCY = 4
CLEANUP_CONCURRENCY = 1
"""How many items each handler runs at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkConfig:
    """The operator's settings for the workers."""

    poll_limits: PollLimits
    give_up_s: float
    """Seconds without progress after which a request fails."""
    attach_audio: bool
    retention: RetentionConfig = field(default_factory=RetentionConfig)
    timings: WorkTimings = field(default_factory=WorkTimings)


class WorkerPool:
    """The worker loops of one process; the store wakes them when something may be due."""

    def __init__(
        self,
        store: Store,
        *,
        clock: ClockWatch,
        submitter: Submitter,
        poller: Poller,
        outbox: OutboxDispatcher,
        audit_log: AuditLogDispatcher,
        cleanup: CleanupHandler,
        timings: WorkTimings = WorkTimings(),  # noqa: B008 - frozen
    ) -> None:
        before, poll_interval_s = clock.look, timings.poll_interval_s
        self._stalled_s = timings.stalled_s
        self._submitter: Worker[Request] = Worker(
            submitter,
            clock=clock,
            concurrency=SUBMIT_CONCURRENCY,
            facts=log_context,
            poll_interval_s=poll_interval_s,
            before=before,
        )
        self._poller: Worker[Request] = Worker(
            poller,
            clock=clock,
            concurrency=POLL_CONCURRENCY,
            facts=log_context,
            poll_interval_s=poll_interval_s,
            before=before,
        )
        self._outbox: Worker[OutboxMessage] = Worker(
            outbox,
            clock=clock,
            concurrency=MESSAGE_CONCURRENCY,
            facts=message_log_context,
            poll_interval_s=poll_interval_s,
            before=before,
        )
        self._audit_log: Worker[DueAuditEntry] = Worker(
            audit_log,
            clock=clock,
            concurrency=AUDIT_CONCURRENCY,
            facts=entry_log_context,
            poll_interval_s=poll_interval_s,
            before=before,
        )
        self._cleanup: Worker[CleanupTask] = Worker(
            cleanup,
            clock=clock,
            concurrency=CLEANUP_CONCURRENCY,
            poll_interval_s=poll_interval_s,
            before=before,
        )
        store.subscribe(self.wake)

    @property
    def loops(
        self,
    ) -> tuple[Worker[Request] | Worker[OutboxMessage] | Worker[DueAuditEntry] | Worker[CleanupTask], ...]:
        """Return all loops."""
        return (self._submitter, self._poller, self._outbox, self._audit_log, self._cleanup)

    def stalled(self) -> str | None:
        """Return a message that names the loops that have stalled, or None."""
        names = [worker.name for worker in self.loops if worker.is_stalled(self._stalled_s)]
        return f"{', '.join(names)}: no look for work for {self._stalled_s:g} s" if names else None

    def wake(self) -> None:
        """Wake all loops, so that they look for due work now."""
        for worker in self.loops:
            worker.wake()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the running items are done."""
        for worker in self.loops:
            worker.stop()

    async def run(self) -> None:
        """Run all loops until stopped."""
        async with asyncio.TaskGroup() as group:
            for worker in self.loops:
                group.create_task(worker.run(), name=worker.name)


def build_workers(
    store: Store,
    provider: SongProvider,
    messenger: Messenger,
    media: MediaSource,
    *,
    owner: str,
    config: SongConfig,
    work_config: WorkConfig,
    random: Random,
    metrics: Metrics | None = None,
) -> WorkerPool:
    """Build the workers of a process; `owner` is its name in leases."""
    clock, pace, slots, timings = (
        ClockWatch(store),
        work_config.poll_limits,
        config.slots,
        work_config.timings,
    )
    submitter = Submitter(
        store,
        provider,
        owner=owner,
        slots=slots,
        limits=pace,
        clock=clock,
        metrics=metrics,
        timings=timings,
    )
    poller = Poller(
        store,
        provider,
        owner=owner,
        limits=pace,
        give_up_s=work_config.give_up_s,
        slots=slots,
        clock=clock,
        random=random,
        metrics=metrics,
        timings=timings,
    )
    leases = timings.leases
    delivery = ResultDelivery(
        store, messenger, media, attach_audio=work_config.attach_audio, clock=clock, leases=leases
    )
    return WorkerPool(
        store,
        clock=clock,
        submitter=submitter,
        poller=poller,
        outbox=_outbox_dispatcher(
            store, messenger, delivery, owner=owner, config=config, clock=clock, timings=timings
        ),
        audit_log=AuditLogDispatcher(store, messenger, owner=owner, clock=clock, leases=leases),
        cleanup=CleanupHandler(store, config=work_config.retention, clock=clock),
        timings=timings,
    )


def _outbox_dispatcher(
    store: Store,
    messenger: Messenger,
    delivery: ResultDelivery,
    *,
    owner: str,
    config: SongConfig,
    clock: Clock,
    timings: WorkTimings,
) -> OutboxDispatcher:
    return OutboxDispatcher(
        store,
        messenger,
        delivery,
        owner=owner,
        slots=config.slots,
        edit_spacing_s=config.edit_spacing_s,
        clock=clock,
        timings=timings,
    )
