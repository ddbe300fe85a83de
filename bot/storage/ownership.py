"""One process a database file: the owner holds a lock of the operating system beside it."""

from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from bot.domain.errors import StoreError
from bot.storage.urls import make_folder


def own(path: Path) -> BaseFileLock:
    """A lock that is held already: whoever has it is the file's only process, until `release()` or its end.

    Raises:
        StoreError: another process has it, or the folder cannot be written.
    """
    make_folder(path)
    lock = FileLock(f"{path}.lock", thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StoreError(
            f"The database file {path} is in use by another process of the bot: stop that one first. "
            "A SQLite file serves one process."
        ) from None
    except OSError as error:
        raise StoreError(
            f"The database file {path} cannot be locked: {error.strerror or error}. "
            "Let the bot's user write its folder."
        ) from error
    return lock
