"""A loop that takes what is due and handles it, a bounded number at a time."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bot.domain.errors import StoreError
from bot.services.ports import Clock
from bot.services.runtime.timings import WorkTimings

log = logging.getLogger(__name__)

LEAST_REST_S = 0.02
"""Keeps the loop from spinning while something due cannot be taken."""

Item = TypeVar("Item")


class JobHandler(Protocol[Item]):
    """One kind of work: what is due, and how one piece of it is done."""

    @property
    def name(self) -> str:
        """What the log calls it."""
        ...

    async def claim(self, limit: int) -> Sequence[Item]:
        """At most `limit` pieces that are due, now in this process's hand under a lease."""
        ...

    async def handle(self, item: Item) -> None:
        """Do one piece; what it raises leaves the piece to whoever claims it after its lease."""
        ...

    async def next_due_at(self) -> datetime | None:
        """When the next piece comes due, as far as is known."""
        ...


async def _ready() -> None:
    """Look at once."""


class Worker(Generic[Item]):
    """Runs one desk until it is stopped; what is in hand then is finished.

    `facts` gives what the log says of a piece that could not be done; `before` is awaited before each look,
    of which there is one every `poll_interval_s` seconds at least.
    """

    def __init__(
        self,
        handler: JobHandler[Item],
        *,
        clock: Clock,
        concurrency: int,
        poll_interval_s: float = WorkTimings().poll_interval_s,
        facts: Callable[[Item], Mapping[str, object]] = lambda _: {},
        before: Callable[[], Awaitable[None]] = _ready,
    ) -> None:
        self._handler = handler
        self._clock = clock
        self._concurrency = concurrency
        self._poll_interval_s = poll_interval_s
        self._facts = facts
        self._before = before
        self._in_hand = 0
        self._turned_at: datetime | None = None
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def name(self) -> str:
        """What the log calls it."""
        return self._handler.name

    @property
    def running(self) -> int:
        """How many pieces are being done."""
        return self._in_hand

    def is_stalled(self, after_s: float) -> bool:
        """True when it should take what is due, but has not looked for `after_s` seconds."""
        if self._turned_at is None or self._stopping:
            return False
        return (self._clock() - self._turned_at).total_seconds() > after_s

    def wake(self) -> None:
        """Look for something due now."""
        self._wake.set()

    def stop(self) -> None:
        """Take nothing new; `run` returns when what is in hand is done."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Work until stopped."""
        async with asyncio.TaskGroup() as group:
            while not self._stopping:
                self._turned_at = self._clock()
                self._wake.clear()
                due_at = await self._due_at()
                claimed = await self._claim() if due_at is not None and due_at <= self._clock() else ()
                for item in claimed:
                    self._in_hand += 1
                    group.create_task(self._handle(item))
                if not claimed:
                    await self._rest(due_at)

    async def _due_at(self) -> datetime | None:
        """When something is due: a look that costs the database no write, which most wake-ups are for."""
        try:
            await self._before()
            return await self._handler.next_due_at()
        except StoreError as error:
            log.error("%s: the database does not answer: %s", self._handler.name, error)
            return None

    async def _claim(self) -> Sequence[Item]:
        free = self._concurrency - self._in_hand
        if free <= 0:
            return ()
        try:
            return await self._handler.claim(free)
        except StoreError as error:
            log.error("%s: nothing could be taken: %s", self._handler.name, error)
            return ()

    async def _handle(self, item: Item) -> None:
        try:
            await self._handler.handle(item)
        except Exception:  # the edge of one piece of work: its lease expires and it is done again
            reference = secrets.token_hex(3).upper()
            log.exception(
                "%s: left one piece undone, reference %s",
                self._handler.name,
                reference,
                extra={**self._facts(item), "reference": reference},
            )
        finally:
            self._in_hand -= 1
            self.wake()

    async def _rest(self, due_at: datetime | None) -> None:
        """Wait for a wake-up, for the due time, or for the next look."""
        rest_s = self._poll_interval_s
        if due_at is not None:
            rest_s = min(max((due_at - self._clock()).total_seconds(), LEAST_REST_S), rest_s)
        try:
            async with asyncio.timeout(rest_s):
                await self._wake.wait()
        except TimeoutError:
            pass
