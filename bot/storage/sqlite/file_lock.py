"""The lock file that keeps a second process off a database file."""

import errno
import os
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from bot.domain.errors import MisconfiguredError, StoreError

PRIVATE = 0o600
"""The mode of the files that are created here."""
_NO_LOCK_ERRNOS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP})


def lock_file(path: Path) -> BaseFileLock:
    """Acquire and return the lock that makes this process the file's only user, until `release()`.

    Raises:
        StoreError: another process has it, or the folder cannot be written.
        MisconfiguredError: no file can be locked there.
    """
    make_folder(path)
    lock = FileLock(f"{path}.lock", mode=PRIVATE, thread_local=False, fallback_to_soft=False)
    try:
        _require_writable_folder(lock.lock_file)
        lock.acquire(timeout=0)
    except Timeout:
        raise StoreError(
            f"The database file {path} is in use by another process of the bot: stop that one first. "
            "A SQLite file serves one process."
        ) from None
    except OSError as error:
        if error.errno in _NO_LOCK_ERRNOS:
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
    """Create the file for its user alone, if there is none; SQLite gives its -wal and -shm the same mode.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT, PRIVATE))
    except OSError as error:
        raise StoreError(f"The database file {path} cannot be made: {error.strerror}.") from error


def _require_writable_folder(lock_file: str) -> None:
    """Raise OSError if the lock file cannot be created; filelock would take that for a lock in use."""
    os.close(os.open(lock_file, os.O_RDONLY | os.O_CREAT, PRIVATE))


def make_folder(path: Path) -> None:
    """Create the folder of the database file, for its user alone; leave an existing one as it is.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The folder {path.parent} for the database cannot be made: {error.strerror}."
        ) from error
