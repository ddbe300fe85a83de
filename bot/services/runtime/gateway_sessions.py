"""The gateway sessions that were begun, stored from one start of the process to the next."""

import json
import logging
from collections.abc import Iterable
from datetime import datetime

from bot.domain.errors import StoreError
from bot.domain.gateway_sessions import SESSION_PAUSES, pause_s, within_window
from bot.domain.retry_policy import RetryPolicy
from bot.services.ports import Clock
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

KEY = "sessions"
"""The prefix of the stored values' keys; the shard's number follows."""


class GatewaySessions:
    """The sessions that each shard of this process has begun, over all its starts.

    If the database cannot be used, the shard connects all the same.
    """

    def __init__(self, store: Store, *, clock: Clock, pauses: RetryPolicy = SESSION_PAUSES) -> None:
        self._store = store
        self._clock = clock
        self._pauses = pauses

    async def begin(self, shard_id: int) -> None:
        """Record that a session begins now."""
        try:
            await self._store.write(_begin, shard_id, self._clock())
        except StoreError as error:
            log.warning("the start of a session could not be recorded: %s", error)

    async def reset(self, shard_ids: Iterable[int]) -> None:
        """Delete the sessions of these shards, because the process was asked to end."""
        try:
            await self._store.write(_delete, tuple(shard_ids))
        except StoreError as error:
            log.warning("the sessions could not be deleted: %s", error)

    async def pause(self, shard_ids: Iterable[int]) -> tuple[float, int]:
        """Return the seconds until these shards may connect, and the most sessions that one of them began."""
        now = self._clock()
        try:
            begun = await self._store.read(_begun, tuple(shard_ids))
        except StoreError:
            return 0.0, 0
        most = max((len(within_window(one, now)) for one in begun), default=0)
        pauses = (pause_s(one, now, policy=self._pauses) for one in begun)
        return max(pauses, default=0.0), most


def _read(uow: UnitOfWork, shard_id: int) -> list[datetime]:
    return [datetime.fromisoformat(at) for at in json.loads(uow.key_values.get(f"{KEY}:{shard_id}") or "[]")]


def _begun(uow: UnitOfWork, shard_ids: tuple[int, ...]) -> list[list[datetime]]:
    return [_read(uow, shard_id) for shard_id in shard_ids]


@unit_of_work("sessions.begin")
def _begin(uow: UnitOfWork, shard_id: int, now: datetime) -> None:
    # in the database, so that a crash loop can't use up Discord's 1,000 sessions a day
    begun = [*within_window(_read(uow, shard_id), now), now]
    uow.key_values.put(f"{KEY}:{shard_id}", json.dumps([at.isoformat() for at in begun]))


@unit_of_work("sessions.delete")
def _delete(uow: UnitOfWork, shard_ids: tuple[int, ...]) -> None:
    for shard_id in shard_ids:
        uow.key_values.put(f"{KEY}:{shard_id}", "[]")
