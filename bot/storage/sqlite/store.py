"""The store on one SQLite file: one writing thread, a few reading threads, one process."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from typing_extensions import override

from bot.domain.errors import StoreError
from bot.services.ports import Clock, WakeUp, WorkQueue
from bot.services.unit_of_work import Share, Store, UnitOfWork, name_of, share_of
from bot.storage.repositories.leasing import release_leases
from bot.storage.sqlite.engine import READERS, ReadLimit, reading_engine
from bot.storage.sqlite.writer import Writer, WriteTask
from bot.storage.timings import STORAGE_TIMINGS, StorageTimings
from bot.storage.unit_of_work import SqlUnitOfWork
from bot.storage.wakeups import WakeUps

P = ParamSpec("P")
T = TypeVar("T")


def utc_now() -> datetime:
    """Return the host's time as aware UTC."""
    return datetime.now(UTC)


class SqliteStore(Store):
    """The store on one SQLite file, whose schema is current and which this process owns.

    It belongs to the event loop that made it. `on_close` is called when the file is no longer used. A caller
    that is cancelled does not stop its unit.
    """

    def __init__(
        self,
        path: Path,
        timings: StorageTimings = STORAGE_TIMINGS,
        *,
        clock: Clock,
        on_close: Callable[[], None],
    ) -> None:
        self._path = path
        self._clock = clock
        self._wakeups = WakeUps()
        self._writer = Writer(path, timings, clock=clock, on_due=self._wakeups.notify, on_close=on_close)
        self._limits_s = timings.read_s
        self._limit = ReadLimit()
        self._reading = reading_engine(path, self._limit)
        self._readers = {
            share: ThreadPoolExecutor(count, thread_name_prefix=f"storage-{share}")
            for share, count in READERS.items()
        }
        self._closed = False

    @property
    @override
    def clock(self) -> Clock:
        return self._clock

    @override
    def subscribe(self, queue: WorkQueue, wake_up: WakeUp) -> None:
        self._wakeups.subscribe(queue, wake_up)

    @override
    async def write(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        task = self._task(lambda uow: unit(uow, *args, **kwargs), name_of(unit))
        await self._writer.submit(task)
        return task.result()

    @override
    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        task, share = self._task(lambda uow: unit(uow, *args, **kwargs), name_of(unit)), share_of(unit)
        await asyncio.get_running_loop().run_in_executor(self._readers[share], self._run_read, task, share)
        return task.result()

    async def release_leases(self) -> None:
        """End all leases: the owner of the file knows that the process that had them is gone.

        Raises:
            StoreError: the database cannot be written.
        """
        task = self._task(lambda uow: release_leases(uow.connection, now=self._clock()), "store.free_leases")
        await self._writer.submit(task)
        task.result()

    async def close(self) -> None:
        """Run what is queued, then close the file; units that come later are refused."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close_engines)
            self._wakeups.stop()

    def _task(self, unit: Callable[[SqlUnitOfWork], T], name: str) -> WriteTask[T]:
        if self._closed:
            raise StoreError(f"The database {self._path} is closed: the bot is stopping.")
        return WriteTask(unit, self._path, name=name)

    def _run_read(self, task: WriteTask[object], share: Share) -> None:
        self._limit.begin(self._limits_s[share])
        try:
            with self._reading.connect() as connection, connection.begin():
                task.run(SqlUnitOfWork(connection, self._clock))
        except BaseException as error:  # noqa: BLE001 - it is raised where the unit came from
            task.fail(error)

    def _close_engines(self) -> None:
        for readers in self._readers.values():
            readers.shutdown()
        self._reading.dispose()
        self._writer.close()
