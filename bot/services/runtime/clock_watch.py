"""The workers' clock, which keeps leases valid when the system clock is set forward."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.domain.leases import MAX_LEASE
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

SET_S = 5.0
"""Seconds that the clock gains on the monotonic clock between two checks if it was set."""


class ClockWatch:
    """The store's time as of the last check, plus the seconds since then.

    When the clock was set forward, leases are extended before the new time is used, because their owners
    are alive. `count_s` returns monotonic seconds.
    """

    def __init__(self, store: Store, *, count_s: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._count_s = count_s
        self._lock = asyncio.Lock()
        self._ahead_s = self._ahead_now_s()

    def __call__(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.fromtimestamp(self._ahead_s + self._count_s(), UTC)

    async def check(self) -> None:
        """Synchronize with the store's clock; await this before claiming anything.

        Raises:
            StoreError: the clock was set forward, and the leases cannot be extended yet.
        """
        async with self._lock:
            ahead_s = self._ahead_now_s()
            set_s = ahead_s - self._ahead_s
            if set_s > SET_S:
                # else a submission that is being made would count as cut off
                until = self() + timedelta(seconds=set_s) + MAX_LEASE
                held = await self._store.write(_extend_leases, self(), until)
                log.warning("the clock was set forward by %.0f s: %d leases were extended", set_s, held)
            self._ahead_s = ahead_s

    def _ahead_now_s(self) -> float:
        return self._store.clock().timestamp() - self._count_s()


@unit_of_work("heartbeat.extend_leases")
def _extend_leases(uow: UnitOfWork, before: datetime, until: datetime) -> int:
    return uow.cleanup.prolong(before=before, until=until)
