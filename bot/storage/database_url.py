"""The parser of the setting `DATABASE_URL`."""

import re
import stat
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.domain.errors import MisconfiguredError, StoreError
from bot.storage.postgres.url import SCHEMES, PostgresUrl, parse_postgres_url

EXAMPLE = "sqlite:///data/inspire.db"
ABSOLUTE_EXAMPLE = "sqlite:////srv/inspire/inspire.db"
POSTGRES_EXAMPLE = "postgresql://user:password@host/name"
_SPLIT_PASSWORD = re.compile(r"://[^:/@]*:[^@]*@[^?]*@")
"""A URL whose password contains an @, which would end the password too early."""
_SHELL_PATH = re.compile(r"/?[~$]")
"""The beginning of a path that only a shell understands."""


def parse_url(url: str) -> Path | PostgresUrl:
    """Return the absolute path of the SQLite file, or the PostgreSQL database; open nothing.

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
        return _sqlite_path(parsed)
    if parsed.drivername in SCHEMES:
        return parse_postgres_url(parsed, example=POSTGRES_EXAMPLE)
    raise MisconfiguredError(
        f"DATABASE_URL begins with {parsed.drivername}, which is not supported; use {EXAMPLE} or "
        f"{POSTGRES_EXAMPLE}."
    )


def _split_password() -> MisconfiguredError:
    return MisconfiguredError(
        "DATABASE_URL has an @ too many: write each @ of the user and the password as %40 (and / : ? # % as "
        f"%2F %3A %3F %23 %25), as in {POSTGRES_EXAMPLE}."
    )


def _sqlite_path(parsed: URL) -> Path:
    if parsed.host or parsed.query:
        raise MisconfiguredError(f"DATABASE_URL has parts that a SQLite file does not need; use {EXAMPLE}.")
    if not parsed.database or parsed.database == ":memory:":
        raise MisconfiguredError(f"DATABASE_URL names no file, so nothing would be kept; use {EXAMPLE}.")
    if _SHELL_PATH.match(parsed.database):
        raise MisconfiguredError(
            "DATABASE_URL begins its path with ~ or $, which only a shell replaces: write the whole path, "
            f"for example {ABSOLUTE_EXAMPLE}."
        )
    path = Path(parsed.database).absolute()
    _require_regular_file(path)
    return path


def _require_regular_file(path: Path) -> None:
    """Raise unless the path is a regular file, or nothing yet."""
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
