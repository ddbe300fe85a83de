"""Connections to a PostgreSQL server, none of which can hang for long."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
from sqlalchemy import Connection, NullPool, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.services.unit_of_work import Share
from bot.storage.postgres.errors import hide_rows, server_error
from bot.storage.postgres.url import PostgresUrl
from bot.storage.timings import STORAGE_TIMINGS, StorageTimings

POOL_SIZE = 10
"""Connections of one process; on common machines more make PostgreSQL slower, not faster."""
SHARES = {Share.WORKERS: 4, Share.REPORTS: 2}
"""The most connections of the pool that these reads take; the others are for writes and members' reads."""
STATEMENT_TIMEOUT_MS = 10_000
"""How long a statement may take before the server cancels it, in milliseconds."""
LOCK_TIMEOUT_MS = 5_000
"""How long a statement may wait for what another transaction has locked, in milliseconds."""
MIGRATION_LOCK_TIMEOUT_MS = 60_000
"""How long a migration waits for another one to end, in milliseconds."""
DATABASE_ERRORS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""The errors that using a server raises; TimeoutError is an OSError."""
_STATEMENT_CACHE_SIZE = 100
_SETTINGS = {
    "application_name": "inspire",
    "timezone": "UTC",
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "lock_timeout": str(LOCK_TIMEOUT_MS),
    # a process that hangs in the middle of a unit must not keep its locks
    "idle_in_transaction_session_timeout": str(3 * STATEMENT_TIMEOUT_MS),
}
T = TypeVar("T")


class Arguments(TypedDict):
    """The arguments of `asyncpg.connect`."""

    dsn: str
    host: str | None
    port: int | None
    user: str | None
    password: str | None
    database: str
    timeout: float
    command_timeout: float | None
    statement_cache_size: int
    server_settings: dict[str, str]


def arguments(
    url: PostgresUrl, timings: StorageTimings = STORAGE_TIMINGS, *, unlimited: bool = False
) -> Arguments:
    """Return how to connect to the server; if `unlimited`, without those limits that would abort a migration.

    Behind a pooler nothing is set for the session: the next transaction may run in another one.
    """
    settings = {} if url.pooled else dict(_SETTINGS)
    if unlimited and not url.pooled:
        settings |= {"statement_timeout": "0", "lock_timeout": str(MIGRATION_LOCK_TIMEOUT_MS)}
    return {
        # the options only: asyncpg reads those that libpq knows, and hands the rest to the server
        "dsn": f"postgresql:///?{urlencode(url.options)}",
        "host": url.host,
        "port": url.port,
        "user": url.user,
        "password": url.password,
        "database": url.database,
        "timeout": timings.connect_s,
        "command_timeout": None if unlimited else timings.answer_s,
        "statement_cache_size": 0 if url.pooled else _STATEMENT_CACHE_SIZE,
        "server_settings": {name: value for name, value in settings.items() if name not in url.options},
    }


def pooled_engine(url: PostgresUrl, timings: StorageTimings) -> AsyncEngine:
    """Return an engine with a pool, for units of work."""
    return _hide_row_values(
        create_async_engine(
            "postgresql+asyncpg://",
            connect_args=_connect_args(url, timings),
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=timings.pool_s,
            isolation_level="READ COMMITTED",
            hide_parameters=True,
        )
    )


def in_one_transaction(
    url: PostgresUrl,
    unit: Callable[[Connection], T],
    timings: StorageTimings,
    *,
    writes: bool,
    unlimited: bool = False,
) -> T:
    """Run the unit on a connection of its own and return its result; block, even inside an event loop.

    A unit that `writes` has no time limit; one that only reads sees one snapshot and cannot write.
    If `unlimited`, that has no time limit either.

    Raises:
        StoreError: the database cannot be used; nothing was changed.
    """

    async def run() -> T:
        args = _connect_args(url, timings, unlimited=writes or unlimited)
        engine = _hide_row_values(
            create_async_engine(
                "postgresql+asyncpg://", connect_args=args, poolclass=NullPool, hide_parameters=True
            )
        )
        if not writes:
            engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            async with engine.begin() as connection:
                if (writes or unlimited) and url.pooled:
                    await connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                return await connection.run_sync(unit)
        except DATABASE_ERRORS as error:
            raise server_error(error, url) from error
        finally:
            await engine.dispose()

    return _blocking(run)


def _hide_row_values(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine after making sure that its errors quote no values from the database."""
    event.listen(engine.sync_engine, "handle_error", hide_rows)
    return engine


def _connect_args(url: PostgresUrl, timings: StorageTimings, *, unlimited: bool = False) -> dict[str, object]:
    args: dict[str, object] = dict(arguments(url, timings, unlimited=unlimited))
    if url.pooled:
        # no cache, and names that no other process has used on the same server connection
        args |= {
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"inspire_{uuid4()}",
        }
    return args


def _blocking(main: Callable[[], Coroutine[object, object, T]]) -> T:
    # a thread of its own, because the caller's may be in an event loop
    with ThreadPoolExecutor(1, thread_name_prefix="storage-server") as thread:
        return thread.submit(lambda: asyncio.run(main())).result()
