"""The time that workers go by: a clock that somebody sets forward takes nothing out of anybody's hand."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.services.runtime.lease import LONGEST_LEASE
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

SET_S = 5.0
"""Seconds by which the clock gains on the count of seconds, from one look to the next, if it was set."""


class ClockWatch:
    """The store's time, as it was when somebody last looked at its clock, and the seconds since then.

    When the clock was set forward, leases are prolonged before anybody goes by the new time: those who have
    them are alive all the same. `count_s` counts seconds, which nobody sets.
    """

    def __init__(self, store: Store, *, count_s: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._count_s = count_s
        self._looking = asyncio.Lock()
        self._ahead_s = self._ahead_now_s()

    def __call__(self) -> datetime:
        """Give the time, aware, in UTC."""
        return datetime.fromtimestamp(self._ahead_s + self._count_s(), UTC)

    async def look(self) -> None:
        """Go by the store's clock as it is now; to be awaited before anything is taken.

        Raises:
            StoreError: the clock was set forward, and the leases can't be prolonged yet.
        """
        async with self._looking:
            ahead_s = self._ahead_now_s()
            set_s = ahead_s - self._ahead_s
            if set_s > SET_S:
                # else a submission that is being made would count as cut off
                until = self() + timedelta(seconds=set_s) + LONGEST_LEASE
                held = await self._store.write(_prolong, self(), until)
                log.warning("the clock was set forward by %.0f s: %d leases go on", set_s, held)
            self._ahead_s = ahead_s

    def _ahead_now_s(self) -> float:
        return self._store.clock().timestamp() - self._count_s()


@unit_of_work("heartbeat.extend_leases")
def _prolong(uow: UnitOfWork, before: datetime, until: datetime) -> int:
    return uow.cleanup.prolong(before=before, until=until)
