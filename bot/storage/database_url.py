"""The setting `DATABASE_URL`, read."""

import re
import stat
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.domain.errors import MisconfiguredError, StoreError
from bot.storage.postgres.url import SCHEMES, PostgresUrl, parse_postgres_url

EXAMPLE = "sqlite:///data/inspire.db"
WHOLE_PATH = "sqlite:////srv/inspire/inspire.db"
POSTGRES_EXAMPLE = "postgresql://user:password@host/name"
_SPLIT_PASSWORD = re.compile(r"://[^:/@]*:[^@]*@[^?]*@")
"""A password with an @ in it, which ends where it should not."""
_FOR_A_SHELL = re.compile(r"/?[~$]")
"""How a path begins that only a shell understands."""


def parse_url(url: str) -> Path | PostgresUrl:
    """The SQLite file, as an absolute path, or the PostgreSQL database that the URL names; nothing is opened.

    Three slashes begin a path from the working directory, four an absolute one.

    Raises:
        MisconfiguredError: it names neither; the URL, which may hold a password, is not repeated.
        StoreError: the bot's user cannot get to the file.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        if _SPLIT_PASSWORD.search(url):
            raise _split_password() from None
        raise MisconfiguredError(
            f"DATABASE_URL is no database URL; it should look like {EXAMPLE} or {POSTGRES_EXAMPLE}."
        ) from None
    if "@" in f"{parsed.host}{parsed.database}" and parsed.drivername != "sqlite":
        raise _split_password()
    if parsed.drivername == "sqlite":
        return _file(parsed)
    if parsed.drivername in SCHEMES:
        return parse_postgres_url(parsed, example=POSTGRES_EXAMPLE)
    raise MisconfiguredError(
        f"DATABASE_URL begins with {parsed.drivername}, which is not supported; use {EXAMPLE} or "
        f"{POSTGRES_EXAMPLE}."
    )


def database_path(url: str) -> Path:
    """The absolute path of the SQLite file that the URL names.

    Raises:
        MisconfiguredError: it names none.
    """
    place = parse_url(url)
    if isinstance(place, PostgresUrl):
        raise MisconfiguredError(
            f"DATABASE_URL names {place}, a PostgreSQL database, where a file is needed."
        )
    return place


def _split_password() -> MisconfiguredError:
    return MisconfiguredError(
        "DATABASE_URL has an @ too many: write each @ of the user and the password as %40 (and / : ? # % as "
        f"%2F %3A %3F %23 %25), as in {POSTGRES_EXAMPLE}."
    )


def _file(parsed: URL) -> Path:
    if parsed.host or parsed.query:
        raise MisconfiguredError(f"DATABASE_URL has parts that a SQLite file does not need; use {EXAMPLE}.")
    if not parsed.database or parsed.database == ":memory:":
        raise MisconfiguredError(f"DATABASE_URL names no file, so nothing would be kept; use {EXAMPLE}.")
    if _FOR_A_SHELL.match(parsed.database):
        raise MisconfiguredError(
            "DATABASE_URL begins its path with ~ or $, which only a shell replaces: write the whole path, "
            f"for example {WHOLE_PATH}."
        )
    path = Path(parsed.database).absolute()
    _refuse_unusable(path)
    return path


def _refuse_unusable(path: Path) -> None:
    """Raise unless there is a file, or nothing yet."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError as error:
        raise StoreError(
            f"The database file {path} is out of reach: let the bot's user enter the folders above it."
        ) from error
    except OSError as error:
        raise MisconfiguredError(f"DATABASE_URL names no usable path: {error.strerror}.") from error
    if stat.S_ISDIR(mode):
        raise MisconfiguredError(f"DATABASE_URL: {path} is a folder: add the name of a file in it.")
    if not stat.S_ISREG(mode):
        raise MisconfiguredError(f"DATABASE_URL: {path} is no file: name another one.")


def make_folder(path: Path) -> None:
    """Make the folder of the database file, for its user alone; one that is there stays as it is.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The folder {path.parent} for the database cannot be made: {error.strerror}."
        ) from error
