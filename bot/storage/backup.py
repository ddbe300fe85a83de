"""Backups: the database copied into one file while the bot runs, checked, and put back."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select

from bot.domain.errors import StoreError
from bot.storage.admin import DatabaseAdmin, PostgresAdmin, SqliteAdmin, database_admin
from bot.storage.postgres import dump
from bot.storage.schema import known_revision, migrate, require_known
from bot.storage.sqlite.errors import store_error
from bot.storage.sqlite.file_lock import PRIVATE, lock_file
from bot.storage.tables import processes, requests

SQLITE_MAGIC, DUMP_MAGIC = b"SQLite format 3\0", b"PGDMP"
"""What a SQLite file and an archive of `pg_dump` begin with (sqlite.org/fileformat.html)."""
_KINDS = {SQLITE_MAGIC: "a SQLite file", DUMP_MAGIC: "a backup of a PostgreSQL database"}
_BESIDE = ("-wal", "-shm")
"""The endings of SQLite's files beside a database; they would damage another one under its name."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup that was checked."""

    size: int
    """Bytes."""
    revision: str
    """Of the schema."""
    checked: str
    """What was found in order, in words."""


def back_up(url: str, file: Path) -> Backup:
    """Copy the database into a new file, for its user alone, and check the copy; the bot may run meanwhile.

    The file appears when it is whole and checked, or not at all.

    Raises:
        StoreError: the file exists, the database is not the bot's, or the copy cannot be made.
    """
    database = database_admin(url)
    revision = _required_revision(database)
    with _new_file(file) as unfinished:
        if isinstance(database, PostgresAdmin):
            dump.write(database.server, unfinished)
            dump.read_to_its_end(unfinished)
            checked = "readable to its end"
        else:
            _copy(database.path, unfinished)
            checked = _check_copy(unfinished)
    return Backup(file.stat().st_size, revision, checked)


def restore(url: str, file: Path) -> Path | None:
    """Replace the database's contents by a backup, and migrate it; return where the old file was moved to.

    On an error nothing is changed, unless the migration of an older backup fails: then the backup stands
    there as it was. PostgreSQL's old contents are gone.

    Raises:
        StoreError: the bot is running, or the backup is damaged, of the other kind, or of a newer version.
    """
    database = database_admin(url)
    magic = _magic(file)
    if isinstance(database, PostgresAdmin):
        _require_kind(DUMP_MAGIC, magic, file, database)
        _restore_server(database, file)
        aside = None
    else:
        _require_kind(SQLITE_MAGIC, magic, file, database)
        aside = _restore_file(database.path, file)
    migrate(url)
    return aside


def _required_revision(database: DatabaseAdmin) -> str:
    """Return the revision of a database that the bot has used.

    Raises:
        StoreError: there is none, or it is of a newer version.
    """
    revision = database.read(partial(known_revision, database)) if database.exists() else None
    if revision is None:
        raise StoreError(f"The database {database} is missing, or has never been the bot's.")
    return revision


def _restore_server(database: PostgresAdmin, file: Path) -> None:
    dump.read_to_its_end(file)
    require_known(file, dump.stored_revision(file))
    if database.read(_has_processes):
        raise StoreError(
            f"The database {database} is in use by the bot: stop all its processes first. "
            "One that was killed counts as running for 15 seconds."
        )
    dump.load(database.server, file)


def _has_processes(connection: Connection) -> bool:
    """Tell whether a process of the bot counts as alive; one without tables has none."""
    if not inspect(connection).has_table(processes.name):
        return False
    alive = select(func.count()).select_from(processes).where(processes.c.alive_until > func.now())
    return bool(connection.execute(alive).scalar_one())


def _restore_file(path: Path, file: Path) -> Path | None:
    _check_copy(file)
    owned = lock_file(path)
    unfinished = path.with_name(f"{path.name}.partial")
    try:
        unfinished.unlink(missing_ok=True)
        _copy(file, unfinished)
        aside = _set_aside(path) if path.exists() else None
        unfinished.replace(path)
        _sync(path.parent)
        return aside
    except OSError as error:
        raise StoreError(
            f"The database file {path} cannot be replaced: {error.strerror or error}."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
        owned.release()


def _set_aside(path: Path) -> Path:
    """Link the file into a new folder beside it, and move its -wal and -shm there; return the linked file.

    The file keeps its name until another takes it, so that a bot never finds none and begins a new one.
    """
    folder = path.with_name(f"{path.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    folder.mkdir(mode=0o700)
    os.link(path, folder / path.name)
    for ending in _BESIDE:
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.rename(folder / beside.name)
    return folder / path.name


@contextmanager
def _new_file(file: Path) -> Iterator[Path]:
    """Yield an unfinished file for this user alone, which gets its name at the end, or is removed.

    Raises:
        StoreError: there is a file of that name, or none can be made there.
    """
    unfinished = file.with_name(f"{file.name}.partial")
    try:
        if file.exists():
            raise FileExistsError
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=PRIVATE)  # SQLite and pg_dump keep the mode of an empty file
        yield unfinished
        _sync(unfinished)
        os.link(unfinished, file)  # fails if a file of that name has come meanwhile
        _sync(file.absolute().parent)
    except FileExistsError as error:
        raise StoreError(f"{file} exists already: name another file, or move this one away.") from error
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror or error}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _copy(path: Path, new: Path) -> None:
    """Copy one moment of a SQLite file; those who write to it meanwhile are not held up."""
    try:
        new.touch(mode=PRIVATE)
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("VACUUM INTO ?", [str(new)])
        _sync(new)
    except sqlite3.Error as error:
        raise store_error(error, new if error.sqlite_errorcode == sqlite3.SQLITE_FULL else path) from error


def _check_copy(file: Path) -> str:
    """Return what is in order in a copy.

    Raises:
        StoreError: it is damaged, not the bot's, or of a newer version.
    """
    copy = SqliteAdmin(file)
    _required_revision(copy)
    return copy.read(partial(_checked, file))


def _checked(file: Path, connection: Connection) -> str:
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
    if found != "ok":
        raise StoreError(f"{file} is damaged: {found}.")
    return f"intact, {connection.execute(select(func.count()).select_from(requests)).scalar_one()} requests"


def _magic(file: Path) -> bytes:
    """Return what the file begins with.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            begins = opened.read(len(SQLITE_MAGIC))
    except OSError as error:
        raise StoreError(f"The backup {file} cannot be read: {error.strerror or error}.") from error
    return next((magic for magic in _KINDS if begins.startswith(magic)), b"")


def _require_kind(wanted: bytes, found: bytes, file: Path, database: DatabaseAdmin) -> None:
    if found not in _KINDS:
        raise StoreError(f"{file} is no backup of this program.")
    if found != wanted:
        raise StoreError(
            f"{file} is {_KINDS[found]}, but DATABASE_URL names a database of another kind ({database})."
        )


def _sync(path: Path) -> None:
    """Have the file, or the folder's list of files, on the disk."""
    is_folder = path.is_dir()
    if is_folder and os.name == "nt":  # Windows opens no folders
        return
    descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
