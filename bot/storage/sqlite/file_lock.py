"""One process a database file: the owner holds a lock of the operating system beside it."""

import errno
import os
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from bot.domain.errors import MisconfiguredError, StoreError
from bot.storage.database_url import make_folder

PRIVATE = 0o600
"""The mode of the files that are made here."""
_WITHOUT_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP})


def lock_file(path: Path) -> BaseFileLock:
    """Give a lock that is held already: whoever has it is the file's only process, until `release()`.

    Raises:
        StoreError: another process has it, or the folder cannot be written.
        MisconfiguredError: no file can be locked there.
    """
    make_folder(path)
    lock = FileLock(f"{path}.lock", mode=PRIVATE, thread_local=False, fallback_to_soft=False)
    try:
        _refuse_dead_folder(lock.lock_file)
        lock.acquire(timeout=0)
    except Timeout:
        raise StoreError(
            f"The database file {path} is in use by another process of the bot: stop that one first. "
            "A SQLite file serves one process."
        ) from None
    except OSError as error:
        if error.errno in _WITHOUT_LOCKS:
            raise MisconfiguredError(
                f"The database file {path} is on a file system without locks (a network drive?), and cannot "
                "be used there: put the file on a local disk."
            ) from error
        raise StoreError(
            f"The database file {path} cannot be locked: {error.strerror or error}. "
            "Let the bot's user write its folder."
        ) from error
    return lock


def make_private(path: Path) -> None:
    """Make the file for its user alone, if there is none; SQLite gives its -wal and -shm the same mode.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT, PRIVATE))
    except OSError as error:
        raise StoreError(f"The database file {path} cannot be made: {error.strerror}.") from error


def _refuse_dead_folder(lock_file: str) -> None:
    """Raise what making the file there comes to: a folder that takes none looks to the lock as if in use."""
    os.close(os.open(lock_file, os.O_RDONLY | os.O_CREAT, PRIVATE))
