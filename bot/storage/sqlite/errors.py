"""SQLite's errors in words that an operator can act on."""

import sqlite3
from pathlib import Path

from bot.domain.errors import LockedError, MisconfiguredError, StoreError, TookTooLongError

_SENTENCES = {
    sqlite3.SQLITE_READONLY: (
        "The database file {path} is read-only: let the bot's user write the file and its folder."
    ),
    sqlite3.SQLITE_PERM: (
        "The bot's user isn't allowed to open the database file {path}: let it read and write the file."
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The database file {path} cannot be opened: see that it and its folder exist and that the bot's user "
        "may read and write both."
    ),
    sqlite3.SQLITE_FULL: "There is no room left for the database file {path}: free some space on its disk.",
    sqlite3.SQLITE_BUSY: (
        "The database file {path} is locked: another program is writing to it; close that program."
    ),
    sqlite3.SQLITE_LOCKED: (
        "The database file {path} is locked: another program is writing to it; close that program."
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The database file {path} is damaged: stop the bot, keep a copy of the file, and restore a backup."
    ),
    sqlite3.SQLITE_NOTADB: (
        "The file {path} is not a SQLite database: point DATABASE_URL at another file, or move this one away."
    ),
    sqlite3.SQLITE_IOERR: "The disk failed while the database file {path} was used: check the disk.",
    sqlite3.SQLITE_INTERRUPT: "A read of the database {path} was stopped at its time limit.",
    sqlite3.SQLITE_CONSTRAINT: "The database refused a change that would break its rules ({path}).",
}
_KINDS: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_NOTADB: MisconfiguredError,
    sqlite3.SQLITE_BUSY: LockedError,
    sqlite3.SQLITE_LOCKED: LockedError,
    sqlite3.SQLITE_INTERRUPT: TookTooLongError,
}
_NO_LOCKS = (
    "The database file {path} is on a file system without locks or shared memory (a network drive?): put it "
    "on a local disk."
)
_LOCK_CODES = frozenset(
    {
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_IOERR_LOCK,
        sqlite3.SQLITE_IOERR_RDLOCK,
        sqlite3.SQLITE_IOERR_UNLOCK,
        sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMLOCK,
        sqlite3.SQLITE_IOERR_SHMMAP,
    }
)
"""Codes, extended ones too, for locks and shared memory that the file system does not have."""
_PRIMARY_MASK = 0xFF
"""The lowest byte of SQLite's extended codes is the code itself (sqlite.org/rescode.html)."""


def store_error(error: BaseException, path: Path) -> StoreError:
    """Return the error in words that an operator can act on, followed by SQLite's own."""
    original = getattr(error, "orig", None) or error
    code = getattr(original, "sqlite_errorcode", None)
    details = f"({getattr(original, 'sqlite_errorname', '')}: {original})"
    if code in _LOCK_CODES:
        return MisconfiguredError(f"{_NO_LOCKS.format(path=path)} {details}")
    sentence = None if code is None else _SENTENCES.get(code & _PRIMARY_MASK)
    if code is None or sentence is None:
        return StoreError(f"The database {path} cannot be used: {original}")
    kind = _KINDS.get(code & _PRIMARY_MASK, StoreError)
    return kind(f"{sentence.format(path=path)} {details}")
