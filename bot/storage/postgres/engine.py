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

from bot.storage.postgres.errors import hide_rows, server_error
from bot.storage.postgres.url import PostgresUrl

POOL = 10
"""Connections of one process; more make PostgreSQL slower rather than faster on common machines."""
POOL_S = 30.0
"""How long a unit waits for one of them, in seconds."""
CONNECT_S = 5.0
STATEMENT_MS = 10_000
"""How long a statement may take; the server gives it up."""
LOCK_MS = 5_000
"""How long it may wait for what another transaction has locked."""
ANSWER_S = 12.0
"""How long an answer may take before the server counts as hanging; longer than its own limits."""
MIGRATION_LOCK_MS = 60_000
"""How long a migration waits for another one to end."""
TROUBLE = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What goes wrong with a server; a time-out is an OSError."""
_KEPT_STATEMENTS = 100
_SETTINGS = {
    "application_name": "inspire",
    "timezone": "UTC",
    "statement_timeout": str(STATEMENT_MS),
    "lock_timeout": str(LOCK_MS),
    # a process that hangs in the middle of a unit must not keep its locks
    "idle_in_transaction_session_timeout": str(3 * STATEMENT_MS),
}
T = TypeVar("T")


class Arguments(TypedDict):
    """What asyncpg is told to connect."""

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


def arguments(url: PostgresUrl, *, patient: bool = False) -> Arguments:
    """How to connect to the server; `patient` waits for as long as a migration takes.

    Behind a pooler nothing is set for the session, because the next transaction may get another one.
    """
    settings = {} if url.pooled else dict(_SETTINGS)
    if patient and not url.pooled:
        settings |= {"statement_timeout": "0", "lock_timeout": str(MIGRATION_LOCK_MS)}
    return {
        # the options only: asyncpg reads those that libpq knows, and hands the rest to the server
        "dsn": f"postgresql:///?{urlencode(url.options)}",
        "host": url.host,
        "port": url.port,
        "user": url.user,
        "password": url.password,
        "database": url.database,
        "timeout": CONNECT_S,
        "command_timeout": None if patient else ANSWER_S,
        "statement_cache_size": 0 if url.pooled else _KEPT_STATEMENTS,
        "server_settings": {name: value for name, value in settings.items() if name not in url.options},
    }


def pooled_engine(url: PostgresUrl) -> AsyncEngine:
    """An engine for units of work."""
    return _discreet(
        create_async_engine(
            "postgresql+asyncpg://",
            connect_args=_connect_args(url),
            pool_size=POOL,
            max_overflow=0,
            pool_timeout=POOL_S,
            isolation_level="READ COMMITTED",
            hide_parameters=True,
        )
    )


def in_one_transaction(url: PostgresUrl, unit: Callable[[Connection], T], *, changes: bool) -> T:
    """Run the unit on a connection of its own and give its result; blocks, also where a loop is running.

    A unit that `changes` something has the time it needs; one that does not sees one moment, and cannot.

    Raises:
        StoreError: the database cannot be used; nothing was changed.
    """

    async def run() -> T:
        args = _connect_args(url, patient=changes)
        engine = _discreet(
            create_async_engine(
                "postgresql+asyncpg://", connect_args=args, poolclass=NullPool, hide_parameters=True
            )
        )
        if not changes:
            engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            async with engine.begin() as connection:
                if changes and url.pooled:
                    await connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                return await connection.run_sync(unit)
        except TROUBLE as error:
            raise server_error(error, url) from error
        finally:
            await engine.dispose()

    return _blocking(run)


def _discreet(engine: AsyncEngine) -> AsyncEngine:
    """The engine, whose errors quote nothing of what is in the database."""
    event.listen(engine.sync_engine, "handle_error", hide_rows)
    return engine


def _connect_args(url: PostgresUrl, *, patient: bool = False) -> dict[str, object]:
    known: dict[str, object] = dict(arguments(url, patient=patient))
    if url.pooled:
        # SQLAlchemy's own cache, and names that no other process has given on the same server connection
        known |= {
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"inspire_{uuid4()}",
        }
    return known


def _blocking(main: Callable[[], Coroutine[object, object, T]]) -> T:
    # a thread of its own, because the caller's may be in an event loop
    with ThreadPoolExecutor(1, thread_name_prefix="storage-server") as thread:
        return thread.submit(lambda: asyncio.run(main())).result()
