"""The graceful shutdown of the process, with a time limit even if something hangs."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from threading import Thread
from typing import TypeVar

log = logging.getLogger(__name__)

DRAIN_S = 12.0
"""Seconds after the request for which running work can continue."""
STOP_S = 17.0
"""Seconds after the request within which the process ends; the documents promise 20."""
LAST_LOG_S = 0.5
"""Seconds that the last log line can take: writing blocks if the reader of the log hangs."""
SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGBREAK") if hasattr(signal, name))
"""The signals that ask for the shutdown; SIGBREAK is Windows's, for Ctrl-Break."""
T = TypeVar("T")


class StoppedError(Exception):
    """A shutdown that was requested during the startup."""


class GracefulShutdown:
    """The request to shut down, and the time that is left.

    All steps of the shutdown share one time limit, counted from the request. Each step has half of the time
    that is left, so that all of them stay within the limit, however many hang.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, drain_s: float = DRAIN_S) -> None:
        self._clock = clock
        self._drain_s = drain_s
        self._requested_at_s: float | None = None
        self._requested = asyncio.Event()
        self._startup: asyncio.Timeout | None = None

    def request(self) -> None:
        """Request the shutdown; the time counts from the first request."""
        if self._requested_at_s is None:
            self._requested_at_s = self._clock()
            self._interrupt_startup()
        self._requested.set()

    async def requested(self) -> None:
        """Wait until the shutdown is requested."""
        await self._requested.wait()

    @property
    def taken_s(self) -> float:
        """Return the seconds since the request; 0 without one."""
        return 0.0 if self._requested_at_s is None else self._clock() - self._requested_at_s

    @property
    def left_s(self) -> float:
        """Return the seconds until the process has to end."""
        return max(STOP_S - self.taken_s, 0.0)

    @property
    def share_s(self) -> float:
        """Return the seconds that the next step can take: half of the time that is left."""
        return self.left_s / 2

    @asynccontextmanager
    async def interruptible_startup(self) -> AsyncIterator[None]:
        """Interrupt the body of the context when the shutdown is requested.

        Raises:
            StoppedError: it was interrupted.
        """
        try:
            async with asyncio.timeout(None) as self._startup:
                if self._requested.is_set():
                    self._interrupt_startup()
                yield
        except TimeoutError:
            if self._startup is not None and self._startup.expired():
                raise StoppedError from None
            raise
        finally:
            self._startup = None

    async def finish(self, running: Callable[[], Collection[asyncio.Task[None]]]) -> None:
        """Wait until none of these tasks is running any more, at most until the drain time is over."""
        while (tasks := running()) and (left_s := self._drain_s - self.taken_s) > 0:
            await asyncio.wait(tasks, timeout=left_s)
        if tasks:
            log.warning("not all running work was finished: it continues at the next start")

    async def run_step(self, what: str, step: Awaitable[object]) -> None:
        """Run one step of the shutdown, and abandon it if it takes more than its share of the time.

        Without a request, because an error ends the process, the time counts from here.
        """
        if self._requested_at_s is None:
            self._requested_at_s = self._clock()
        task = asyncio.ensure_future(step)
        await asyncio.wait({task}, timeout=self.share_s)
        if task.done():
            await task
            return
        task.cancel()
        log.warning("%s did not end in time, and is let go of", what)

    @asynccontextmanager
    async def closing(self, what: str, entered: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
        """Enter a context manager whose exit is a step of the shutdown."""
        value = await entered.__aenter__()
        try:
            yield value
        finally:
            await self.run_step(what, entered.__aexit__(None, None, None))

    def _interrupt_startup(self) -> None:
        if self._startup is not None:
            self._startup.reschedule(asyncio.get_running_loop().time())


def handle_signals(loop: asyncio.AbstractEventLoop, handler: Callable[[], None]) -> None:
    """Call the handler in the event loop for each signal that asks the process to end."""
    for number in SIGNALS:
        try:
            loop.add_signal_handler(number, handler)
        except NotImplementedError:  # on Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(handler))


def start_watchdog(*, code: int) -> None:
    """Start a thread that ends the process with this exit code after `STOP_S`, whatever it still does.

    Nothing is lost: the process may be killed at any time anyway. It catches what the event loop cannot
    cancel: a thread in a DNS lookup, or one that waits for a locked file.
    """
    Thread(target=_end_process, args=(code,), name="watchdog", daemon=True).start()


def _end_process(code: int) -> None:
    time.sleep(STOP_S)
    words = "stopped after %.1f s, though something still hung: it goes on at the next start"
    # in a thread of its own, because the reader of the log may be what hangs
    logging_thread = Thread(target=log.warning, args=(words, STOP_S), daemon=True)
    logging_thread.start()
    logging_thread.join(LAST_LOG_S)
    os._exit(code)
