"""The store on one SQLite file: one writing thread, a few reading ones, one process."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from typing_extensions import override

from bot.domain.errors import StoreError
from bot.services.ports import Clock, WakeUp
from bot.services.unit_of_work import Store, UnitOfWork, name_of
from bot.storage.ledger_audit import audit_ledger
from bot.storage.repositories.leasing import release_leases
from bot.storage.sqlite.engine import READERS, reading_engine
from bot.storage.sqlite.write_task import WriteTask
from bot.storage.sqlite.writer import Writer
from bot.storage.unit_of_work import SqlUnitOfWork
from bot.storage.wakeups import WakeUps

P = ParamSpec("P")
T = TypeVar("T")


class SqliteStore(Store):
    """The store on one SQLite file, whose schema is current and which this process owns.

    It belongs to the event loop that made it. `on_end` is called when the file is no longer used.
    """

    def __init__(self, path: Path, *, clock: Clock, on_end: Callable[[], None]) -> None:
        self._path = path
        self._clock = clock
        self._wakeups = WakeUps()
        self._writer = Writer(path, clock=clock, on_due=self._wakeups.notify, on_end=on_end)
        self._reading = reading_engine(path)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="storage-reader")
        self._closed = False

    @property
    @override
    def clock(self) -> Clock:
        return self._clock

    @override
    def subscribe(self, wake_up: WakeUp) -> None:
        self._wakeups.subscribe(wake_up)

    @override
    async def write(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        job = self._job(lambda work: unit(work, *args, **kwargs), name_of(unit))
        await self._writer.submit(job)
        return job.result()

    @override
    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._read(lambda work: unit(work, *args, **kwargs), name_of(unit))

    async def audit(self) -> list[str]:
        """Each breach of the books' rules, as a sentence; none when they are right.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._read(lambda work: audit_ledger(work.connection), "store.audit")

    async def release_leases(self) -> None:
        """Whatever another process had in hand is free: who owns the file knows that its last user is gone.

        Raises:
            StoreError: the database cannot be written.
        """
        job = self._job(lambda work: release_leases(work.connection, now=self._clock()), "store.free_leases")
        await self._writer.submit(job)
        job.result()

    async def close(self) -> None:
        """Do what is queued, then let go of the file; whatever comes later is refused."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._end)
            self._wakeups.stop()

    async def _read(self, unit: Callable[[SqlUnitOfWork], T], name: str) -> T:
        job = self._job(unit, name)
        await asyncio.get_running_loop().run_in_executor(self._readers, self._run_read, job)
        return job.result()

    def _job(self, unit: Callable[[SqlUnitOfWork], T], name: str) -> WriteTask[T]:
        if self._closed:
            raise StoreError(f"The database {self._path} is closed: the bot is stopping.")
        return WriteTask(unit, self._path, name=name)

    def _run_read(self, job: WriteTask[object]) -> None:
        try:
            with self._reading.connect() as connection, connection.begin():
                job.run(SqlUnitOfWork(connection, self._clock))
        except BaseException as error:  # noqa: BLE001 - it is raised where the unit came from
            job.fail(error)

    def _end(self) -> None:
        self._readers.shutdown()
        self._reading.dispose()
        self._writer.end()
