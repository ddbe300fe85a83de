"""The store that the setting `DATABASE_URL` names."""

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
from bot.storage.admin import DatabaseAdmin, PostgresAdmin, SqliteAdmin
from bot.storage.database_url import parse_url
from bot.storage.postgres.store import PostgresStore
from bot.storage.postgres.url import PostgresUrl
from bot.storage.schema import is_current
from bot.storage.sqlite.file_lock import lock_file
from bot.storage.sqlite.store import SqliteStore

SqlStore: TypeAlias = SqliteStore | PostgresStore


def utc_now() -> datetime:
    """The time as aware UTC."""
    return datetime.now(UTC)


@overload
def open_store(url: str) -> AbstractAsyncContextManager[SqlStore]: ...


@overload
def open_store(url: str, *, clock: Clock) -> AbstractAsyncContextManager[SqliteStore]: ...


def open_store(url: str, *, clock: Clock | None = None) -> AbstractAsyncContextManager[SqlStore]:
    """The store behind the URL, closed at the end; its schema must be current (`migrate`).

    Only a SQLite file can be given a clock: the processes of a server go by the server's.

    Raises:
        StoreError: it needs a migration, another process uses the file, or it cannot be used.
    """
    place = parse_url(url)
    if not isinstance(place, PostgresUrl):
        return open_file(place, clock=clock or utc_now)
    if clock is not None:
        raise StoreError(f"The database {place} has a clock of its own.")
    return open_server(place)


@asynccontextmanager
async def open_file(path: Path, *, clock: Clock) -> AsyncIterator[SqliteStore]:
    """The store on a SQLite file."""
    owned = await asyncio.to_thread(_own_current, path)
    store = SqliteStore(path, clock=clock, on_end=owned.release)
    try:
        await store.write(_probe)
        await store.release_leases()
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_server(url: PostgresUrl, *, clock: Clock | None = None) -> AsyncIterator[PostgresStore]:
    """The store on a PostgreSQL database; it tells the server's time unless it is given a clock."""
    await asyncio.to_thread(_refuse_unusable, PostgresAdmin(url))
    store = PostgresStore(url, clock=clock)
    try:
        await store.start()
        yield store
    finally:
        await store.close()


def _own_current(path: Path) -> BaseFileLock:
    owned = lock_file(path)
    try:
        _refuse_outdated(SqliteAdmin(path))
    # whatever ends it, what was opened is let go of; it is raised again below
    except BaseException:
        owned.release()
        raise
    return owned


def _refuse_outdated(database: DatabaseAdmin) -> None:
    if not is_current(database):
        raise StoreError(f"The database {database} has to be migrated first: run `python -m bot migrate`.")


def _refuse_unusable(database: PostgresAdmin) -> None:
    _refuse_outdated(database)
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
    """Write something: SQLite begins a transaction on a read-only file without a word."""
    uow.key_values.put("opened_at", datetime.now(UTC).isoformat())
