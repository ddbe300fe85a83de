"""Connections to a SQLite file: one that writes, and others that can only read.

SQLite before 3.51.3 can damage a file in WAL mode when two connections write or checkpoint at the same moment
(sqlite.org/wal.html, "The WAL-Reset Bug"). So one connection does all writes and all checkpoints.
"""

import math
import sqlite3
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from threading import local

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event

from bot.services.unit_of_work import Share
from bot.storage.timings import STORAGE_TIMINGS, StorageTimings

READERS = {Share.MEMBERS: 4, Share.WORKERS: 2, Share.REPORTS: 2}
"""How many reads of each share run at once; the others of the share wait."""
LOOK_STEPS = 10_000
"""After how many of SQLite's steps a read looks at its time limit: about a millisecond."""
_WRITER = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
_READER = ("query_only=ON", "wal_autocheckpoint=0")


def writing_engine(
    path: Path, timings: StorageTimings = STORAGE_TIMINGS, *, foreign_keys: bool = True
) -> Engine:
    """Return an engine whose connections write; each transaction takes the write lock when it begins."""
    pragmas = _WRITER if foreign_keys else _WRITER[:-1]
    connect = partial(_connect, path, "rwc", pragmas, busy_s=timings.busy_s)
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    # a transaction that began with a read cannot wait for the lock: it fails at once (SQLITE_BUSY)
    event.listen(engine, "begin", partial(_begin, "BEGIN IMMEDIATE"))
    return engine


class ReadLimit(local):
    """The time limit of the read that the current thread runs."""

    ends_at_s = math.inf

    def begin(self, limit_s: float) -> None:
        """Limit the read that begins now to so many seconds."""
        self.ends_at_s = time.monotonic() + limit_s

    def is_over(self) -> bool:
        """Tell SQLite whether to interrupt the read."""
        return time.monotonic() > self.ends_at_s


def reading_engine(path: Path, limit: ReadLimit | None = None) -> Engine:
    """Return an engine whose connections can only read; each transaction sees one consistent snapshot."""

    def connect() -> sqlite3.Connection:
        connection = _connect(path, "ro", _READER, busy_s=STORAGE_TIMINGS.busy_s)
        if limit is not None:
            connection.set_progress_handler(limit.is_over, LOOK_STEPS)
        return connection

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=sum(READERS.values()),
        max_overflow=0,
        hide_parameters=True,
    )
    event.listen(engine, "begin", partial(_begin, "BEGIN"))
    return engine


def _connect(path: Path, mode: str, pragmas: Iterable[str], *, busy_s: float) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    # isolation_level=None: the listener below begins each transaction, as SQLAlchemy's page on SQLite
    # recommends; the sqlite3 module would begin only some of them
    connection = sqlite3.connect(uri, timeout=busy_s, uri=True, isolation_level=None, check_same_thread=False)
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
    # closes the connection whatever the error, cancellation included
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(statement: str, connection: Connection) -> None:
    connection.exec_driver_sql(statement)
