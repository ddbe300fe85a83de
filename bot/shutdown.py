"""The way of the process to its end, which nothing that hangs can make longer."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from threading import Thread
from typing import TypeVar

log = logging.getLogger(__name__)

DRAIN_S = 12.0
"""Seconds after the wish to stop for which what is in hand may go on."""
STOP_S = 17.0
"""Seconds after the wish to stop within which the process is gone; whoever waits for it is told 20."""
LAST_WORD_S = 0.5
"""Seconds that the last line of the log may take, should nobody read it."""
T = TypeVar("T")


class StoppedError(Exception):
    """The process was asked to stop before it was ready."""


class GracefulShutdown:
    """The wish that this process ends, and what is left of the time for it.

    There is one time for all that has to be done, counted from the wish on. Each step of the end has half of
    what is left of it, so that all of them together cannot take longer, however many hang.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, drain_s: float = DRAIN_S) -> None:
        self._clock = clock
        self._drain_s = drain_s
        self._asked_at_s: float | None = None
        self._asked = asyncio.Event()
        self._beginning: asyncio.Timeout | None = None

    def request(self) -> None:
        """The process is to end; the time counts from the first wish."""
        if self._asked_at_s is None:
            self._asked_at_s = self._clock()
            self._give_up_beginning()
        self._asked.set()

    async def requested(self) -> None:
        """Returns when the process is to end."""
        await self._asked.wait()

    @property
    def taken_s(self) -> float:
        """Seconds since the wish; 0 without one."""
        return 0.0 if self._asked_at_s is None else self._clock() - self._asked_at_s

    @property
    def left_s(self) -> float:
        """Seconds until the process has to be gone."""
        return max(STOP_S - self.taken_s, 0.0)

    @property
    def share_s(self) -> float:
        """Seconds that the next step of the end may take: those after it still have as many."""
        return self.left_s / 2

    @asynccontextmanager
    async def giving_up_beginning(self) -> AsyncIterator[None]:
        """What is done in here is given up when the process is to end.

        Raises:
            StoppedError: it was given up.
        """
        try:
            async with asyncio.timeout(None) as self._beginning:
                if self._asked.is_set():
                    self._give_up_beginning()
                yield
        except TimeoutError:
            if self._beginning is not None and self._beginning.expired():
                raise StoppedError from None
            raise
        finally:
            self._beginning = None

    async def finish(self, hands: Callable[[], Collection[asyncio.Task[None]]]) -> None:
        """Wait until none of these is under way any more, but only for as long as work may go on."""
        while (under_way := hands()) and (left_s := self._drain_s - self.taken_s) > 0:
            await asyncio.wait(under_way, timeout=left_s)
        if under_way:
            log.warning("not everything in hand was finished: it goes on at the next start")

    async def run_step(self, what: str, ending: Awaitable[object]) -> None:
        """Carry out one step of the end; it is given up when it takes more than its share of the time.

        The time counts from here if nobody wished for the end: an error has led to it.
        """
        if self._asked_at_s is None:
            self._asked_at_s = self._clock()
        step = asyncio.ensure_future(ending)
        await asyncio.wait({step}, timeout=self.share_s)
        if step.done():
            await step
            return
        step.cancel()
        log.warning("%s did not end in time, and is let go of", what)

    @asynccontextmanager
    async def closing(self, what: str, entered: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
        """The same as to enter it, but that its exit is a step of the end."""
        value = await entered.__aenter__()
        try:
            yield value
        finally:
            await self.run_step(what, entered.__aexit__(None, None, None))

    def _give_up_beginning(self) -> None:
        if self._beginning is not None:
            self._beginning.reschedule(asyncio.get_running_loop().time())


def start_watchdog(*, code: int) -> None:
    """This process is gone when its time is over, with this exit code, whatever it still does then.

    It may be killed between any two lines, so nothing is lost by that. What can still be in its way then is
    what no event loop can end: a thread that asks for a name's address, or waits for a locked file.
    """
    Thread(target=_watch, args=(code,), name="last-resort", daemon=True).start()


def _watch(code: int) -> None:
    time.sleep(STOP_S)
    words = "stopped after %.1f s, though something still hung: it goes on at the next start"
    # in a thread of its own: what hangs may be whoever reads the log
    said = Thread(target=log.warning, args=(words, STOP_S), daemon=True)
    said.start()
    said.join(LAST_WORD_S)
    os._exit(code)
