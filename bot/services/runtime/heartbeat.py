"""Process heartbeats and exclusive ownership of shards."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import ShardTakenError, StoreError
from bot.services.ports import Clock
from bot.services.runtime.timings import HeartbeatTimings
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)


class ProcessRole(StrEnum):
    """The role of a process."""

    ALL = "all"
    """Accepts commands and runs workers."""
    GATEWAY = "gateway"
    """Accepts commands; other processes run workers."""
    WORKER = "worker"
    """Runs workers, without a connection to Discord's gateway."""

    @property
    def takes_commands(self) -> bool:
        """Return True if it connects to Discord's gateway."""
        return self is not ProcessRole.WORKER

    @property
    def works(self) -> bool:
        """Return True if it runs workers."""
        return self is not ProcessRole.GATEWAY


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessConfig:
    """The role and shards of one process."""

    role: ProcessRole = ProcessRole.ALL
    shards: tuple[int, ...] = (0,)
    """The Discord shards that it serves, if it accepts commands."""
    shard_count: int = 1
    """The number of shards of all processes; 1 leaves the number to Discord."""


class Heartbeat:
    """The heartbeats of one process, from `register` to `deregister`."""

    def __init__(
        self,
        store: Store,
        *,
        process: str,
        config: ProcessConfig,
        clock: Clock,
        timings: HeartbeatTimings = HeartbeatTimings(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._process = process
        self._process_config = config
        self._clock = clock
        self._timings = timings

    async def register(self) -> None:
        """Register the process and its shards, or send another heartbeat.

        Raises:
            ShardTakenError: another live process serves one of them.
            StoreError: the database cannot be used.
        """
        now = self._clock()
        until = now + timedelta(seconds=self._timings.ttl_s)
        await self._store.write(_register, self._process, self._process_config, now, until)

    async def run(self) -> None:
        """Send heartbeats until cancelled.

        Raises:
            ShardTakenError: this process's heartbeats failed for so long that another took its shards.
        """
        while True:
            await asyncio.sleep(self._timings.interval_s)
            try:
                await self.register()
            except ShardTakenError:
                raise
            except StoreError as error:
                log.error("the heartbeat could not be recorded: %s", error)

    async def deregister(self) -> None:
        """Deregister the process, so that its shards are free at once."""
        await self._store.write(_deregister, self._process)


@unit_of_work("heartbeat.register")
def _register(uow: UnitOfWork, process: str, config: ProcessConfig, now: datetime, until: datetime) -> None:
    uow.processes.heartbeat(
        process,
        role=config.role,
        shards=config.shards if config.role.takes_commands else (),
        shard_count=config.shard_count,
        now=now,
        until=until,
    )


@unit_of_work("heartbeat.deregister")
def _deregister(uow: UnitOfWork, process: str) -> None:
    uow.processes.deregister(process)
