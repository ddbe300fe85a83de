"""The wake-up callbacks of a store: called at once, but at most every `MIN_INTERVAL_S` seconds."""

import asyncio
from collections.abc import Collection

from bot.services.ports import WakeUp, WorkQueue

MIN_INTERVAL_S = 0.02
"""Seconds between two rounds of calls, at least; each callback handles everything that is due."""


class WakeUps:
    """Calls the subscribers of a queue; a notification too soon after the last one is passed on later.

    It belongs to an event loop, in which `notify` is called.
    """

    def __init__(self) -> None:
        self._wakeups: list[tuple[WorkQueue, WakeUp]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._pending: set[WorkQueue] = set()

    def subscribe(self, queue: WorkQueue, wake_up: WakeUp) -> None:
        """Call this callback, too, from now on when the queue is notified."""
        self._wakeups.append((queue, wake_up))

    def notify(self, queues: Collection[WorkQueue]) -> None:
        """Call the callbacks of the queues, now or as soon as the interval is over."""
        self._pending.update(queues)
        if self._timer is None and self._pending:
            self._call()

    def stop(self) -> None:
        """Drop the calls that are pending."""
        if self._timer is not None:
            self._timer.cancel()
        self._pending.clear()

    def _call(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(MIN_INTERVAL_S, self._on_interval_end)
        queues, self._pending = self._pending, set()
        for queue, wake_up in self._wakeups:
            if queue in queues:
                wake_up()

    def _on_interval_end(self) -> None:
        self._timer = None
        self.notify(())
