"""The bells of a store: they ring at once, but not more often than anybody can do something about it."""

import asyncio

from bot.services.ports import WakeUp

QUIET_S = 0.02
"""Least seconds between two rings; whoever hears one looks at everything that is due."""


class WakeUps:
    """Rings for all who subscribed; pulled again while it rests, it rings once more after that.

    It belongs to an event loop, in which it is pulled.
    """

    def __init__(self) -> None:
        self._wakeups: list[WakeUp] = []
        self._resting: asyncio.TimerHandle | None = None
        self._pulled_again = False

    def subscribe(self, wake_up: WakeUp) -> None:
        """The bell rings from now on, too."""
        self._wakeups.append(wake_up)

    def notify(self) -> None:
        """Each bell rings after this, now or in a moment."""
        if self._resting is not None:
            self._pulled_again = True
            return
        self._resting = asyncio.get_running_loop().call_later(QUIET_S, self._rested)
        for bell in self._wakeups:
            bell()

    def stop(self) -> None:
        """Nothing rings that has not rung yet."""
        if self._resting is not None:
            self._resting.cancel()
        self._pulled_again = False

    def _rested(self) -> None:
        self._resting = None
        if self._pulled_again:
            self._pulled_again = False
            self.notify()
