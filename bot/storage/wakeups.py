"""The wake-up callbacks of a store: called at once, but at most every `MIN_INTERVAL_S` seconds."""

import asyncio

from bot.services.ports import WakeUp

MIN_INTERVAL_S = 0.02
"""Seconds between two rounds of calls, at least; each callback handles everything that is due."""


class WakeUps:
    """Calls all subscribers; a notification that comes too soon after the last one is passed on later.

    It belongs to an event loop, in which `notify` is called.
    """

    def __init__(self) -> None:
        self._wakeups: list[WakeUp] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_pending = False

    def subscribe(self, wake_up: WakeUp) -> None:
        """Call this callback, too, from now on."""
        self._wakeups.append(wake_up)

    def notify(self) -> None:
        """Call each callback, now or as soon as the interval is over."""
        if self._timer is not None:
            self._is_pending = True
            return
        self._timer = asyncio.get_running_loop().call_later(MIN_INTERVAL_S, self._on_interval_end)
        for wake_up in self._wakeups:
            wake_up()

    def stop(self) -> None:
        """Drop the calls that are pending."""
        if self._timer is not None:
            self._timer.cancel()
        self._is_pending = False

    def _on_interval_end(self) -> None:
        self._timer = None
        if self._is_pending:
            self._is_pending = False
            self.notify()
