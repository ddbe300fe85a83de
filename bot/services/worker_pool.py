"""The worker pool of a process: four job handlers, each with a loop of its own."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.domain.polling import PollLimits
from bot.domain.requests import Request
from bot.services.delivery.dispatcher import OutboxDispatcher
from bot.services.delivery.result_message import ResultDelivery
from bot.services.metrics import Metrics
from bot.services.ports import MediaSource, Messenger, Random, SongProvider
from bot.services.privacy.retention import CleanupHandler, CleanupTask, RetentionConfig
from bot.services.provider.poller import Poller
from bot.services.provider.submitter import ProviderLimits, Submitter
from bot.services.repositories.outbox import OutboxMessage
from bot.services.requests.placement import SongConfig
from bot.services.requests.transitions import log_context, message_log_context
from bot.services.runtime.clock_watch import ClockWatch
from bot.services.runtime.timings import WorkTimings
from bot.services.runtime.worker import Item, JobHandler, Worker
from bot.services.unit_of_work import Store

SUBMIT_CONCURRENCY = 16
POLL_CONCURRENCY = 32
MESSAGE_CONCURRENCY = 20
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


AnyWorker = Worker[Request] | Worker[OutboxMessage] | Worker[CleanupTask]


class WorkerPool:
    """The worker loops of one process; the store wakes each when something may be due in its queue."""

    def __init__(self, store: Store, *loops: AnyWorker, stalled_s: float) -> None:
        self.loops = loops
        self._stalled_s = stalled_s
        for worker in loops:
            if worker.queue is not None:
                store.subscribe(worker.queue, worker.wake)

    def stalled(self) -> str | None:
        """Return a message that names the loops that have stalled, or None."""
        names = [worker.name for worker in self.loops if worker.is_stalled(self._stalled_s)]
        return f"{', '.join(names)}: no look for work for {self._stalled_s:g} s" if names else None

    def stop(self) -> None:
        """Stop all loops; `run` returns when the running items are done."""
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
    clock, timings = ClockWatch(store), work_config.timings
    limits = ProviderLimits(config.slots, work_config.poll_limits, timings, config.served, config.caps)
    submitter = Submitter(store, provider, owner=owner, limits=limits, clock=clock, metrics=metrics)
    poller = Poller(
        store,
        provider,
        owner=owner,
        limits=limits,
        give_up_s=work_config.give_up_s,
        clock=clock,
        random=random,
        metrics=metrics,
    )
    outbox = _outbox_dispatcher(store, messenger, media, owner, config, work_config, clock)
    cleanup = CleanupHandler(
        store, config=work_config.retention, clock=clock, clock_check_s=timings.clock_check_s
    )
    return WorkerPool(
        store,
        _worker(submitter, SUBMIT_CONCURRENCY, clock, timings, log_context),
        _worker(poller, POLL_CONCURRENCY, clock, timings, log_context),
        _worker(outbox, MESSAGE_CONCURRENCY, clock, timings, message_log_context),
        _worker(cleanup, CLEANUP_CONCURRENCY, clock, timings, lambda _: {}),
        stalled_s=timings.stalled_s,
    )


def _outbox_dispatcher(
    store: Store,
    messenger: Messenger,
    media: MediaSource,
    owner: str,
    config: SongConfig,
    work_config: WorkConfig,
    clock: ClockWatch,
) -> OutboxDispatcher:
    timings = work_config.timings
    delivery = ResultDelivery(
        store, messenger, media, attach_audio=work_config.attach_audio, clock=clock, timings=timings
    )
    return OutboxDispatcher(
        store, messenger, media, delivery, owner=owner, config=config, clock=clock, timings=timings
    )


def _worker(
    handler: JobHandler[Item],
    concurrency: int,
    clock: ClockWatch,
    timings: WorkTimings,
    facts: Callable[[Item], Mapping[str, object]],
) -> Worker[Item]:
    return Worker(
        handler,
        clock=clock,
        concurrency=concurrency,
        facts=facts,
        poll_interval_s=timings.poll_interval_s,
        before=clock.check,
    )
