"""The setting `DATABASE_URL`, read."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.domain.errors import StoreError
from bot.storage.servers import SCHEMES, Server, server_of

EXAMPLE = "sqlite:///data/inspire.db"
SERVER_EXAMPLE = "postgresql://user:password@host/name"


def read_url(url: str) -> Path | Server:
    """The SQLite file, as an absolute path, or the PostgreSQL database that the URL names; nothing is opened.

    Three slashes begin a path from the working directory, four an absolute one.

    Raises:
        StoreError: it names neither; the URL itself, which may hold a password, is not repeated.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(
            f"DATABASE_URL is no database URL; it should look like {EXAMPLE} or {SERVER_EXAMPLE}."
        ) from None
    if parsed.drivername == "sqlite":
        return _file(parsed)
    if parsed.drivername in SCHEMES:
        return server_of(parsed, example=SERVER_EXAMPLE)
    raise StoreError(
        f"DATABASE_URL begins with {parsed.drivername}, which is not supported; use {EXAMPLE} or "
        f"{SERVER_EXAMPLE}."
    )


def database_path(url: str) -> Path:
    """The absolute path of the SQLite file that the URL names.

    Raises:
        StoreError: it names none.
    """
    place = read_url(url)
    if isinstance(place, Server):
        raise StoreError(f"DATABASE_URL names {place}, a PostgreSQL database, where a file is needed.")
    return place


def _file(parsed: URL) -> Path:
    if parsed.host or parsed.query:
        raise StoreError(f"DATABASE_URL has parts that a SQLite file does not need; use {EXAMPLE}.")
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError(f"DATABASE_URL names no file, so nothing would be kept; use {EXAMPLE}.")
    return Path(parsed.database).absolute()


def make_folder(path: Path) -> None:
    """The folder of the database file exists.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The folder {path.parent} for the database cannot be made: {error.strerror}."
        ) from error
