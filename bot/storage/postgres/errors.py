"""PostgreSQL's errors in words that an operator can act on, and which of them are transient."""

import socket

import asyncpg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.domain.errors import (
    CommitUnknownError,
    LockedError,
    MisconfiguredError,
    StoreError,
    TookTooLongError,
)
from bot.storage.postgres.url import PostgresUrl

_SENTENCES = {
    "28": "The database {server} refuses the user or the password: check both in DATABASE_URL.",
    "3D000": "The database {server} does not exist: create it, or correct its name in DATABASE_URL.",
    "42501": "The database {server} does not let its user do this: give the user rights on its tables.",
    "25006": "The database {server} is read-only (a standby?): point DATABASE_URL at the primary server.",
    "53100": "There is no room left for the database {server}: free some space on its server's disk.",
    "53300": (
        "The database {server} takes no more connections: raise its max_connections or run fewer processes."
    ),
    "55P03": "The database {server} is locked by something else that does not let go of it.",
    "57014": "The database {server} did not finish in time: look at what keeps its server busy.",
    "57P": "The database {server} is stopping or starting: it will be tried again.",
    "08": "The connection to the database {server} was lost: see that its server runs and can be reached.",
    "23": "The database refused a change that would break its rules ({server}).",
    "P0001": "The database refused a change that would break its rules ({server}).",
    "XX": "The database {server} is damaged or has a bug: look into its server's log.",
}
"""By code, or by the beginning of codes (postgresql.org/docs/current/errcodes-appendix.html)."""
_POOLED = (
    "A pooler such as PgBouncer stands before the database {server}, and parts the statements of a "
    "connection: add ?statement_cache_size=0 to DATABASE_URL."
)
_POOLER_CODES = frozenset({"42P05", "26000"})
"""A prepared statement exists already, or does not exist: the pooler switched connections."""
_STARTUP_PARAMETER = "unsupported startup parameter"
"""PgBouncer's message about a session setting, which it sends with the code of a broken connection."""
_MISCONFIGURED = ("28", "3D000")
"""Codes, or their beginnings, whose cause is a wrong setting."""
_RETRYABLE = frozenset({"40001", "40P01"})
READ_ONLY = "25006"
_KINDS: dict[str, type[StoreError]] = {"55P03": LockedError, "57014": TookTooLongError}
_DATA_EXCEPTION = "22"
"""The class of codes whose messages quote values."""


def code_of(error: BaseException) -> str:
    """Return PostgreSQL's code for the error, or an empty string if it did not come from the server."""
    return str(getattr(_original(error), "sqlstate", None) or "")


def is_lost(error: BaseException) -> bool:
    """Tell whether the connection is gone, so that the server has undone what was not committed."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, ConnectionError) or code_of(error)[:2] == "08" or code_of(error)[:3] == "57P"


def is_transient(error: BaseException) -> bool:
    """Tell whether the same unit may succeed when run again: it conflicted with another, or was cut off."""
    return code_of(error) in _RETRYABLE or is_lost(error)


def server_error(error: BaseException, url: PostgresUrl) -> StoreError:
    """Return the error in words that an operator can act on, followed by the server's own."""
    original, code = _original(error), code_of(error)
    if code in _POOLER_CODES or _STARTUP_PARAMETER in str(original):
        return MisconfiguredError(f"{_POOLED.format(server=url)} ({_describe(original)})")
    sentence = next((_SENTENCES[part] for part in (code, code[:3], code[:2]) if part in _SENTENCES), None)
    if sentence is None and is_lost(error) and not isinstance(original, OSError):
        sentence = _SENTENCES["08"]
    if sentence is None:
        return _unreachable(original, url)
    kind = _KINDS.get(code, StoreError)
    if code.startswith(_MISCONFIGURED):
        kind = MisconfiguredError
    return kind(f"{sentence.format(server=url)} ({_describe(original)})")


def outcome_unknown(error: BaseException, url: PostgresUrl) -> CommitUnknownError:
    """Return the error for a commit whose outcome is unknown."""
    return CommitUnknownError(
        f"The connection to the database {url} was lost while a change was being committed: it is not "
        f"known whether it was kept ({type(_original(error)).__name__})."
    )


def hide_rows(context: ExceptionContext) -> None:
    """Strip an error to its message and code: the rest quotes rows and values, and would be logged.

    A listener for SQLAlchemy's event `handle_error`, which is called before the error is raised.
    """
    driver = context.original_exception
    cause = driver.__cause__
    if not isinstance(cause, asyncpg.PostgresError | asyncpg.InterfaceError):
        return
    if isinstance(cause, asyncpg.PostgresError):
        # DETAIL quotes the whole row that violates a constraint; HINT is advice about it
        cause.detail = cause.hint = None
    refused_unsent = isinstance(cause, ValueError) and context.statement is not None
    if refused_unsent or code_of(driver)[:2] == _DATA_EXCEPTION:
        cause.args = ("a value cannot be read or kept",)
    driver.args = (f"{type(cause).__name__}: {cause}",)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = driver.args


def _unreachable(original: BaseException, url: PostgresUrl) -> StoreError:
    match original:
        case PoolTimeoutError():
            message = f"All connections to the database {url} are busy: look at what keeps its server busy."
        case socket.gaierror():
            message = f"The database {url} cannot be found: check the host in DATABASE_URL ({original})."
        case TimeoutError():
            message = f"The database {url} does not answer: see that its server runs and can be reached."
        case OSError():
            message = (
                f"The database {url} cannot be reached: see that its server runs and takes connections "
                f"from here ({original})."
            )
        case asyncpg.ClientConfigurationError():
            return MisconfiguredError(f"DATABASE_URL has an option that cannot be: {original}")
        case _:
            message = f"The database {url} cannot be used: {_describe(original)}"
    return StoreError(message)


def _describe(original: BaseException) -> str:
    code = code_of(original)
    return f"{code}: {original}" if code else str(original)


def _original(error: BaseException) -> BaseException:
    """Return the driver's error that SQLAlchemy's wraps."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error
