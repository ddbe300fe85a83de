"""The one writing thread: all units that queued up during a commit share the next one.

A commit costs one fsync, however many units are in it, so that a slow disk limits the wait and not the rate.
Each unit has a savepoint of its own; its caller gets the result only after the commit.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeAlias, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import SQLAlchemyError

from bot.services.ports import Clock, WorkQueue
from bot.storage.sqlite.engine import writing_engine
from bot.storage.sqlite.errors import store_error
from bot.storage.timings import StorageTimings
from bot.storage.unit_of_work import SqlUnitOfWork, slow_units_logged

log = logging.getLogger(__name__)

BATCH = 64
"""The most units in one commit."""

T_co = TypeVar("T_co", covariant=True)


class WriteTask(Generic[T_co]):
    """A unit of work that runs in one thread and returns its outcome to another."""

    __slots__ = ("_error", "_path", "_unit", "_value", "due_queues", "name")

    def __init__(self, unit: Callable[[SqlUnitOfWork], T_co], path: Path, *, name: str) -> None:
        self.name = name
        self._unit = unit
        self._path = path
        self._value: list[T_co] = []
        self._error: BaseException | None = None
        self.due_queues: Collection[WorkQueue] = ()

    def run(self, uow: SqlUnitOfWork) -> None:
        """Run the unit and keep its result, and the queues in which it has made something due."""
        with slow_units_logged(self.name):
            self._value.append(self._unit(uow))
        self.due_queues = uow.due_queues

    def fail(self, error: BaseException) -> None:
        """Keep the error as the outcome; describe a database error for the operator."""
        if isinstance(error, SQLAlchemyError):
            self._error = store_error(error, self._path)
            self._error.__cause__ = error
        else:
            self._error = error

    def result(self) -> T_co:
        """Return what the unit returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._value[0]


Queued: TypeAlias = tuple[WriteTask[object], asyncio.Future[None]]


class Writer:
    """The writing thread of one SQLite file.

    `on_due` is called in the event loop after a commit, with the queues in which it may have made something
    due, and `on_close` in the thread when it has closed the file.
    """

    def __init__(
        self,
        path: Path,
        timings: StorageTimings,
        *,
        clock: Clock,
        on_due: Callable[[Collection[WorkQueue]], None],
        on_close: Callable[[], None],
    ) -> None:
        self._path = path
        self._clock = clock
        self._on_due = on_due
        self._on_close = on_close
        self._engine = writing_engine(path, timings)
        self._connection: Connection | None = None
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Queued | None] = SimpleQueue()
        self._is_stopping = False
        self._thread = Thread(target=self._run, name="storage-writer", daemon=True)
        self._thread.start()

    def submit(self, task: WriteTask[object]) -> asyncio.Future[None]:
        """Return a future that is done once the task has its outcome; the task runs even if nobody waits."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((task, done))
        return done

    def close(self) -> None:
        """Run what is queued, move the write-ahead log into the file and close it; block until then."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                due_queues = self._commit([task for task, _ in batch])
                with suppress(RuntimeError):  # the event loop is closed: nobody waits any more
                    self._loop.call_soon_threadsafe(self._report, [done for _, done in batch], due_queues)
        finally:
            self._close_connection()

    def _report(self, waiting: Sequence[asyncio.Future[None]], due_queues: Collection[WorkQueue]) -> None:
        """Tell the callers, in the event loop, that their units are done."""
        for done in waiting:
            if not done.done():  # else its caller has gone away
                done.set_result(None)
        if due_queues:
            self._on_due(due_queues)

    def _next_batch(self) -> list[Queued]:
        """Wait for at least one task and return all that are queued; return none after the end."""
        batch: list[Queued] = []
        queued = None if self._is_stopping else self._queue.get()
        while queued is not None:
            batch.append(queued)
            if len(batch) == BATCH:
                return batch
            try:
                queued = self._queue.get_nowait()
            except Empty:
                return batch
        self._is_stopping = True
        return batch

    def _commit(self, tasks: Sequence[WriteTask[object]]) -> Collection[WorkQueue]:
        """Run the tasks in one transaction; return the queues in which they may have made something due."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                cursor = self._connection.connection.cursor()
                for task in tasks:
                    self._attempt(task, self._connection, cursor)
        except Exception as error:  # the edge of the thread: it must survive every error of a batch
            log.exception("these units of work were rolled back: %s", ", ".join(task.name for task in tasks))
            for task in tasks:
                task.fail(store_error(error, self._path))
            self._disconnect()
            return ()
        return {queue for task in tasks for queue in task.due_queues}

    def _attempt(self, task: WriteTask[object], connection: Connection, cursor: DBAPICursor) -> None:
        # by the driver's cursor: SQLAlchemy compiles its savepoints again each time, a third of a short unit
        cursor.execute("SAVEPOINT unit")
        try:
            task.run(SqlUnitOfWork(connection, self._clock))
        except BaseException as error:  # noqa: BLE001 - it is raised where the unit came from
            try:
                cursor.execute("ROLLBACK TO unit")
            except sqlite3.Error:  # SQLite has undone the whole batch by itself: no room, or a failing disk
                raise error from None
            task.fail(error)
        cursor.execute("RELEASE unit")

    def _disconnect(self) -> None:
        """Drop the connection; the next batch opens a new one."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _close_connection(self) -> None:
        try:
            if self._connection is not None:
                with suppress(sqlite3.Error):  # then the next start reads the log that is left
                    self._connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            self._disconnect()
        finally:
            self._on_close()
