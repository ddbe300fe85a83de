"""The worker loop: it claims due items and handles a bounded number of them at a time."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bot.domain.errors import StoreError
from bot.services.ports import Clock, WorkQueue
from bot.services.runtime.timings import WorkTimings

log = logging.getLogger(__name__)

MIN_REST_S = 0.02
"""Seconds that keep the loop from spinning while a due item cannot be claimed."""

Item = TypeVar("Item")


class JobHandler(Protocol[Item]):
    """One kind of work: how items are claimed and handled."""

    @property
    def name(self) -> str:
        """Return the name for the log."""
        ...

    @property
    def queue(self) -> WorkQueue | None:
        """Return the queue that the items come from; None if no wake-up concerns it."""
        ...

    async def claim(self, limit: int) -> Sequence[Item]:
        """Lease and return at most `limit` due items."""
        ...

    async def handle(self, item: Item) -> None:
        """Handle one item; after an error it is claimed again when its lease ends."""
        ...

    async def next_due_at(self) -> datetime | None:
        """Return when the next item is due, as far as is known."""
        ...


async def _no_preparation() -> None:
    """Do nothing."""


class Worker(Generic[Item]):
    """The loop of one job handler; when it is stopped, running items are finished.

    `facts` returns the log fields of an item that failed. `before` is awaited before each check for due work,
    which happens at least every `poll_interval_s` seconds.
    """

    def __init__(
        self,
        handler: JobHandler[Item],
        *,
        clock: Clock,
        concurrency: int,
        poll_interval_s: float = WorkTimings().poll_interval_s,
        facts: Callable[[Item], Mapping[str, object]] = lambda _: {},
        before: Callable[[], Awaitable[None]] = _no_preparation,
    ) -> None:
        self._handler = handler
        self._clock = clock
        self._concurrency = concurrency
        self._poll_interval_s = poll_interval_s
        self._facts = facts
        self._before = before
        self._running = 0
        self._checked_at: datetime | None = None
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def name(self) -> str:
        """Return the handler's name."""
        return self._handler.name

    @property
    def queue(self) -> WorkQueue | None:
        """Return the queue that the items come from."""
        return self._handler.queue

    @property
    def running(self) -> int:
        """Return how many items are being handled."""
        return self._running

    def is_stalled(self, after_s: float) -> bool:
        """Return True if it is not stopped, but has not checked for due work for `after_s` seconds."""
        if self._checked_at is None or self._stopping:
            return False
        return (self._clock() - self._checked_at).total_seconds() > after_s

    def wake(self) -> None:
        """Check for due work now."""
        self._wake.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the running items are done."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Claim and handle items until stopped."""
        async with asyncio.TaskGroup() as group:
            while not self._stopping:
                self._checked_at = self._clock()
                self._wake.clear()
                due_at = await self._due_at()
                claimed = await self._claim() if due_at is not None and due_at <= self._clock() else ()
                for item in claimed:
                    self._running += 1
                    group.create_task(self._handle(item))
                if not claimed:
                    await self._rest(due_at)

    async def _due_at(self) -> datetime | None:
        """Return when the next item is due: a read, because most wake-ups find nothing to write."""
        try:
            await self._before()
            return await self._handler.next_due_at()
        except StoreError as error:
            log.error("OPERATOR: the database does not answer (%s): %s", self._handler.name, error)
            return None

    async def _claim(self) -> Sequence[Item]:
        free = self._concurrency - self._running
        if free <= 0:
            return ()
        try:
            return await self._handler.claim(free)
        except StoreError as error:
            log.error("OPERATOR: nothing could be claimed (%s): %s", self._handler.name, error)
            return ()

    async def _handle(self, item: Item) -> None:
        try:
            await self._handler.handle(item)
        except Exception:  # the edge of one item: its lease expires and it is claimed again
            reference = secrets.token_hex(3).upper()
            log.exception(
                "%s: one item failed, reference %s",
                self._handler.name,
                reference,
                extra={**self._facts(item), "reference": reference},
            )
        finally:
            self._running -= 1
            self.wake()

    async def _rest(self, due_at: datetime | None) -> None:
        """Wait for a wake-up, for the due time, or for the poll interval."""
        rest_s = self._poll_interval_s
        if due_at is not None:
            rest_s = min(max((due_at - self._clock()).total_seconds(), MIN_REST_S), rest_s)
        try:
            async with asyncio.timeout(rest_s):
                await self._wake.wait()
        except TimeoutError:
            pass
