"""Databases opened for one task, and closed again: to migrate them, or to inspect them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from bot.domain.errors import StoreError
from bot.storage.advisory_locks import AdvisoryLock, lock
from bot.storage.database_url import parse_url
from bot.storage.postgres.engine import in_one_transaction
from bot.storage.postgres.url import PostgresUrl
from bot.storage.sqlite.engine import reading_engine, writing_engine
from bot.storage.sqlite.errors import store_error
from bot.storage.sqlite.file_lock import lock_file, make_private
from bot.storage.timings import STORAGE_TIMINGS, StorageTimings

T = TypeVar("T")


class DatabaseAdmin(Protocol):
    """A database of either kind; each method blocks, and raises StoreError if the database cannot be used."""

    def exists(self) -> bool:
        """Tell whether the database exists, without creating it."""
        ...

    def read(self, unit: Callable[[Connection], T], *, unlimited: bool = False) -> T:
        """Run a unit that writes nothing on one snapshot, also while a bot is running; return its result.

        If `unlimited`, it may take longer than a command may.
        """
        ...

    def write(self, unit: Callable[[Connection], T]) -> T:
        """Run a unit that may change the schema, in one transaction; return its result."""
        ...


def database_admin(url: str) -> "SqliteAdmin | PostgresAdmin":
    """Return the database that the URL names; its `str` is for messages to operators.

    Raises:
        StoreError: the URL names none.
    """
    location = parse_url(url)
    return PostgresAdmin(location) if isinstance(location, PostgresUrl) else SqliteAdmin(location)


@dataclass(frozen=True, slots=True)
class SqliteAdmin(DatabaseAdmin):
    """A SQLite file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @override
    def exists(self) -> bool:
        return self.path.exists()

    @override
    def read(self, unit: Callable[[Connection], T], *, unlimited: bool = False) -> T:
        engine = reading_engine(self.path)
        try:
            with engine.connect() as connection, connection.begin():
                return unit(connection)
        except SQLAlchemyError as error:
            raise store_error(error, self.path) from error
        finally:
            engine.dispose()

    @override
    def write(self, unit: Callable[[Connection], T]) -> T:
        owned = lock_file(self.path)
        try:
            make_private(self.path)
            return self._write_checked(unit)
        finally:
            owned.release()

    def _write_checked(self, unit: Callable[[Connection], T]) -> T:
        # SQLite changes a table by copying it, which would break the foreign keys to it for a moment
        engine = writing_engine(self.path, foreign_keys=False)
        try:
            with engine.begin() as connection:
                result = unit(connection)
                self._check_references(connection)
                return result
        except SQLAlchemyError as error:
            raise store_error(error, self.path) from error
        finally:
            engine.dispose()

    def _check_references(self, connection: Connection) -> None:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise StoreError(
                f"The database {self} has rows in {broken[0]} that refer to nothing; nothing was changed."
            )


@dataclass(frozen=True, slots=True)
class PostgresAdmin(DatabaseAdmin):
    """A PostgreSQL database."""

    server: PostgresUrl
    timings: StorageTimings = STORAGE_TIMINGS

    def __str__(self) -> str:
        return str(self.server)

    @override
    def exists(self) -> bool:
        return True  # the operator creates the database, not the bot

    @override
    def read(self, unit: Callable[[Connection], T], *, unlimited: bool = False) -> T:
        return in_one_transaction(self.server, unit, self.timings, writes=False, unlimited=unlimited)

    @override
    def write(self, unit: Callable[[Connection], T]) -> T:

        def locked(connection: Connection) -> T:
            # of several processes that start at once, one migrates and the others wait
            lock(connection, AdvisoryLock.MIGRATION)
            return unit(connection)

        return in_one_transaction(self.server, locked, self.timings, writes=True)
