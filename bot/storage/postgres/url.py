"""The URL of a PostgreSQL database, as `DATABASE_URL` has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL

from bot.domain.errors import MisconfiguredError

SCHEMES = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
"""The schemes that such a URL may have; they mean the same."""
DEFAULT_PORT, LAST_PORT = 5432, 65_535
_FILE_OPTIONS = frozenset({"passfile", "sslcert", "sslkey", "sslrootcert"})
"""Options that name a file."""
STATEMENT_CACHE = "statement_cache_size"
"""The option of the URL that PgBouncer needs (`statement_cache_size=0`); all others are PostgreSQL's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresUrl:
    """A PostgreSQL database and how to connect to it; its password is never shown."""

    database: str
    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """`sslmode`, `host` (the folder of a Unix socket) and the like; also settings of the server itself."""
    pooled: bool = False
    """True behind a pooler that gives each transaction another connection (PgBouncer's transaction mode)."""

    def __str__(self) -> str:
        """Return the database in words, for example `songs on db.example:5432`."""
        host = self.host or self.options.get("host") or "this machine"
        return f"{self.database} on {host}:{self.port}" if self.port else f"{self.database} on {host}"


def parse_postgres_url(url: URL, *, example: str) -> PostgresUrl:
    """Return the database that a parsed URL names.

    Raises:
        MisconfiguredError: it names no database, or an option has no single usable value.
    """
    if not url.database:
        raise MisconfiguredError(
            f"DATABASE_URL names no database on its server; it should look like {example}."
        )
    options: dict[str, str] = {}
    for name, value in url.query.items():
        if not isinstance(value, str):
            raise MisconfiguredError(f"DATABASE_URL has the option {name} more than once.")
        options[name] = value
    cached = options.pop(STATEMENT_CACHE, "")
    if cached not in {"", "0"}:
        raise MisconfiguredError(
            f"DATABASE_URL may have {STATEMENT_CACHE}=0, for PgBouncer, and no other value."
        )
    _validate(url, options)
    return PostgresUrl(
        database=url.database,
        host=url.host or None,
        port=url.port,
        user=url.username,
        password=None if url.password is None else str(url.password),
        options=options,
        pooled=cached == "0",
    )


def _validate(url: URL, options: Mapping[str, str]) -> None:
    """Raise MisconfiguredError for values whose errors on connecting would not tell what is wrong."""
    if not 0 < (url.port or DEFAULT_PORT) <= LAST_PORT:
        raise MisconfiguredError(f"DATABASE_URL has a port that there cannot be: ports end at {LAST_PORT}.")
    try:
        (url.host or "").encode("idna")
    except UnicodeError:
        raise MisconfiguredError("DATABASE_URL has a host that cannot be a name: check it.") from None
    for name in _FILE_OPTIONS & options.keys():
        if not Path(options[name]).exists():
            raise MisconfiguredError(f"DATABASE_URL: the file of its option {name} is not there.")
