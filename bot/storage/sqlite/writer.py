"""The one thread that writes: all units that queued up meanwhile share one commit.

A commit costs one fsync, however many units are in it, so that a slow disk limits the wait and not the rate.
Each unit has a savepoint of its own; its caller hears of it only after the commit.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeAlias

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPICursor

from bot.services.ports import Clock, WakeUp
from bot.storage.sqlite.engine import writing_engine
from bot.storage.sqlite.errors import store_error
from bot.storage.sqlite.write_task import WriteTask
from bot.storage.unit_of_work import SqlUnitOfWork

log = logging.getLogger(__name__)

BATCH = 64
"""The most units in one commit."""

Queued: TypeAlias = tuple[WriteTask[object], asyncio.Future[None]]


class Writer:
    """The writing thread of one SQLite file.

    `on_due` is called in the event loop after a commit that something may be due by, `on_end` in the thread
    when it has let go of the file.
    """

    def __init__(self, path: Path, *, clock: Clock, on_due: WakeUp, on_end: Callable[[], None]) -> None:
        self._path = path
        self._clock = clock
        self._on_due = on_due
        self._on_end = on_end
        self._engine = writing_engine(path)
        self._connection: Connection | None = None
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Queued | None] = SimpleQueue()
        self._ending = False
        self._thread = Thread(target=self._run, name="storage-writer", daemon=True)
        self._thread.start()

    def submit(self, job: WriteTask[object]) -> asyncio.Future[None]:
        """A future that is done once the job has its outcome; the job runs even if nobody waits for it."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((job, done))
        return done

    def end(self) -> None:
        """Do what is queued, move the log into the file and let go of it; blocks until then."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                stirs = self._commit([job for job, _ in batch])
                with suppress(RuntimeError):  # the event loop is closed: nobody waits any more
                    self._loop.call_soon_threadsafe(_wake, [done for _, done in batch])
                    if stirs:
                        self._loop.call_soon_threadsafe(self._on_due)
        finally:
            self._let_go()

    def _next_batch(self) -> list[Queued]:
        """What has queued up, at least one; nothing after the end."""
        batch: list[Queued] = []
        queued = None if self._ending else self._queue.get()
        while queued is not None:
            batch.append(queued)
            if len(batch) == BATCH:
                return batch
            try:
                queued = self._queue.get_nowait()
            except Empty:
                return batch
        self._ending = True
        return batch

    def _commit(self, jobs: Sequence[WriteTask[object]]) -> bool:
        """Run the jobs in one transaction; True when one that was kept may have made something due."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                cursor = self._connection.connection.cursor()
                for job in jobs:
                    self._attempt(job, self._connection, cursor)
        except Exception as error:  # the edge of the thread: it must outlive whatever happens to a batch
            log.exception("none of these was kept: %s", ", ".join(job.name for job in jobs))
            for job in jobs:
                job.fail(store_error(error, self._path))
            self._disconnect()
            return False
        return any(job.stirs for job in jobs)

    def _attempt(self, job: WriteTask[object], connection: Connection, cursor: DBAPICursor) -> None:
        # by the driver's cursor: SQLAlchemy compiles its savepoints anew each time, a third of a short unit
        cursor.execute("SAVEPOINT unit")
        try:
            job.run(SqlUnitOfWork(connection, self._clock))
        except BaseException as error:  # noqa: BLE001 - it is raised where the unit came from
            try:
                cursor.execute("ROLLBACK TO unit")
            except sqlite3.Error:  # SQLite has undone the whole batch by itself: no room, or a failing disk
                raise error from None
            job.fail(error)
        cursor.execute("RELEASE unit")

    def _disconnect(self) -> None:
        """Drop the connection, whatever state it is in; the next batch makes a new one."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _let_go(self) -> None:
        try:
            if self._connection is not None:
                with suppress(sqlite3.Error):  # then the next start reads the log that is left
                    self._connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            self._disconnect()
        finally:
            self._on_end()


def _wake(waiting: Sequence[asyncio.Future[None]]) -> None:
    for done in waiting:
        if not done.done():  # else its caller has gone away
            done.set_result(None)
