"""Archives of a PostgreSQL database, made and loaded by PostgreSQL's own programs."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.domain.errors import StoreError
from bot.storage.postgres.url import PostgresUrl
from bot.storage.tables import METADATA, REVISIONS

_CLIENT_OPTIONS = frozenset(
    {
        *("host", "port", "user", "passfile", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl"),
        *("sslpassword", "ssl_min_protocol_version", "ssl_max_protocol_version"),
        *("target_session_attrs", "krbsrvname", "gsslib"),
    }
)
"""The options of `DATABASE_URL` that are the client's; all others are settings of the server."""
_STORED_REVISION = re.compile(rf"^COPY \S*{REVISIONS} .*\n(\S+)$", re.MULTILINE)
_NO_LIMIT = (b"SET statement_timeout", b"SET lock_timeout", b"SET idle_in_", b"SET transaction_timeout")
_FIRST_STEPS = (b"ALTER ", b"COPY ", b"CREATE ", b"DROP ")
_ALL = ("--no-owner", "--no-privileges")


def write(url: PostgresUrl, file: Path) -> None:
    """Write one moment of the database into a file that is there.

    Raises:
        StoreError: the program is missing, or failed.
    """
    _run("pg_dump", ["--format=custom", *_ALL, f"--file={file}", _dbname(url)], url=url)


def read_to_its_end(file: Path) -> None:
    """Read all of an archive.

    Raises:
        StoreError: it is damaged or cut off, or the program is missing.
    """
    _run("pg_restore", [f"--file={os.devnull}", str(file)])


def stored_revision(file: Path) -> str | None:
    """Return the revision of the schema in an archive, or None if it has none."""
    table = _run("pg_restore", ["--data-only", f"--table={REVISIONS}", "--file=-", str(file)])
    found = _STORED_REVISION.search(table)
    return found[1] if found else None


def load(url: PostgresUrl, file: Path) -> None:
    """Replace the bot's tables by those of an archive, in one transaction.

    Raises:
        StoreError: it failed, and nothing was changed; or a program is missing.
    """
    with TemporaryDirectory() as folder:  # mode 0700
        script, portable = Path(folder, "restore.sql"), Path(folder, "portable.sql")
        _run("pg_restore", ["--clean", "--if-exists", *_ALL, f"--file={script}", str(file)])
        _leave_out_settings(script, portable)
        # also the tables that are newer than the archive, which would stand in the way of migrations
        tables = ", ".join((*sorted(METADATA.tables), REVISIONS))
        options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        dropped = f"--command=DROP TABLE IF EXISTS {tables} CASCADE"
        _run("psql", [*options, dropped, f"--file={portable}", _dbname(url)], url=url)


def _leave_out_settings(script: Path, portable: Path) -> None:
    """Copy a script without the time limits that it lifts: an older server does not know them all."""
    with script.open("rb") as old, portable.open("wb") as new:
        for line in old:
            if not line.startswith(_NO_LIMIT):
                new.write(line)
            if line.startswith(_FIRST_STEPS):  # of what follows, any line may be a row
                break
        shutil.copyfileobj(old, new)


def _dbname(url: PostgresUrl) -> str:
    """Return the option that names the database, without its password, which `ps` would show."""
    named = {"dbname": url.database, "host": url.host, "port": url.port, "user": url.user} | {
        name: value for name, value in url.options.items() if name in _CLIENT_OPTIONS
    }
    return "--dbname=" + " ".join(
        f"{name}={_quoted(str(value))}" for name, value in named.items() if value is not None
    )


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _environment(url: PostgresUrl) -> Mapping[str, str]:
    """Return what the programs learn in their environment, which only the same user can read."""
    settings = [
        f"-c {name}=" + re.sub(r"([\\ ])", r"\\\1", value)
        for name, value in url.options.items()
        if name not in _CLIENT_OPTIONS
    ]
    quiet = ("statement_timeout=0", "lock_timeout=60s", "client_min_messages=warning")
    settings += [f"-c {limit}" for limit in quiet]
    environment = {"PGOPTIONS": " ".join(settings), "PGAPPNAME": "inspire"}
    return environment if url.password is None else environment | {"PGPASSWORD": url.password}


def _run(program: str, arguments: Sequence[str], *, url: PostgresUrl | None = None) -> str:
    """Run the program and return its output.

    Raises:
        StoreError: it is missing, or failed.
    """
    if url is not None and url.pooled:
        raise StoreError(
            f"{program} cannot work through a pooler: for this command, set DATABASE_URL to the server's own "
            "address, without statement_cache_size=0."
        )
    environment = {**os.environ, **(_environment(url) if url else {})}
    try:
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, without a shell
            [program, *arguments], env=environment, capture_output=True, text=True, check=True
        )
    except FileNotFoundError as error:
        raise StoreError(
            f"There is no {program} on this machine: install PostgreSQL's client programs "
            "(postgresql-client), not older than the server."
        ) from error
    except subprocess.CalledProcessError as error:
        raise StoreError(f"{program} failed, and nothing was changed: {error.stderr.strip()}") from error
    return done.stdout
