"""The store that the setting `DATABASE_URL` names, and the audit of its ledger."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias, overload

from filelock import BaseFileLock
from sqlalchemy import Connection

from bot.domain.errors import StoreError
from bot.services.ports import Clock
from bot.services.unit_of_work import UnitOfWork, unit_of_work
from bot.storage.admin import DatabaseAdmin, PostgresAdmin, SqliteAdmin, database_admin
from bot.storage.database_url import parse_url
from bot.storage.ledger_audit import Totals, audit_ledger, totals
from bot.storage.postgres.store import PostgresStore
from bot.storage.postgres.url import PostgresUrl
from bot.storage.schema import is_current
from bot.storage.sqlite.file_lock import lock_file
from bot.storage.sqlite.store import SqliteStore, utc_now
from bot.storage.timings import STORAGE_TIMINGS, StorageTimings

SqlStore: TypeAlias = SqliteStore | PostgresStore


@overload
def open_store(
    url: str, timings: StorageTimings = STORAGE_TIMINGS
) -> AbstractAsyncContextManager[SqlStore]: ...


@overload
def open_store(
    url: str, timings: StorageTimings = STORAGE_TIMINGS, *, clock: Clock
) -> AbstractAsyncContextManager[SqliteStore]: ...


def open_store(
    url: str, timings: StorageTimings = STORAGE_TIMINGS, *, clock: Clock | None = None
) -> AbstractAsyncContextManager[SqlStore]:
    """Open the store that the URL names, and close it at the end; its schema must be current (`migrate`).

    Only a SQLite file takes a clock: the processes of a PostgreSQL database use the server's.

    Raises:
        StoreError: it needs a migration, another process uses the file, or it cannot be used.
    """
    location = parse_url(url)
    if not isinstance(location, PostgresUrl):
        return open_file(location, timings, clock=clock or utc_now)
    if clock is not None:
        raise StoreError(f"The database {location} has a clock of its own.")
    return open_server(location, timings)


@asynccontextmanager
async def open_file(
    path: Path, timings: StorageTimings = STORAGE_TIMINGS, *, clock: Clock
) -> AsyncIterator[SqliteStore]:
    """Open the store on a SQLite file."""
    file_lock = await asyncio.to_thread(_lock_current, path)
    store = SqliteStore(path, timings, clock=clock, on_close=file_lock.release)
    try:
        await store.write(_probe)
        await store.release_leases()
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_server(
    url: PostgresUrl, timings: StorageTimings = STORAGE_TIMINGS, *, clock: Clock | None = None
) -> AsyncIterator[PostgresStore]:
    """Open the store on a PostgreSQL database; it uses the server's time unless a clock is given."""
    await asyncio.to_thread(_require_writable, PostgresAdmin(url, timings))
    store = PostgresStore(url, timings, clock=clock)
    try:
        await store.start()
        yield store
    finally:
        await store.close()


def _lock_current(path: Path) -> BaseFileLock:
    file_lock = lock_file(path)
    try:
        _require_current(SqliteAdmin(path))
    # releases the lock whatever the error, cancellation included
    except BaseException:
        file_lock.release()
        raise
    return file_lock


def _require_current(database: DatabaseAdmin) -> None:
    if not is_current(database):
        raise StoreError(f"The database {database} has to be migrated first: run the command `migrate`.")


def _require_writable(database: PostgresAdmin) -> None:
    _require_current(database)
    if database.read(_is_standby):
        raise StoreError(
            f"The database {database} is read-only (a standby?): point DATABASE_URL at the primary server."
        )


def _is_standby(connection: Connection) -> bool:
    return connection.exec_driver_sql("SHOW default_transaction_read_only").scalar() == "on" or bool(
        connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar()
    )


@unit_of_work("store.probe")
def _probe(uow: UnitOfWork) -> None:
    """Write something: SQLite begins a transaction on a read-only file without an error."""
    uow.key_values.put("opened_at", datetime.now(UTC).isoformat())


def audit_database(url: str) -> tuple[list[str], Totals]:
    """Return the breaches and the totals of one snapshot, also while a bot is running; change nothing.

    Raises:
        StoreError: there is no such database, it has to be migrated first, or it cannot be used.
    """
    database = database_admin(url)
    if not is_current(database):
        raise StoreError(
            f"The database {database} is missing or has to be migrated: run the command `migrate`."
        )
    return database.read(lambda conn: (audit_ledger(conn), totals(conn)), unlimited=True)
