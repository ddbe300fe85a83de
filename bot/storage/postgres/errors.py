"""What PostgreSQL's errors mean to an operator, and which of them pass by themselves."""

import socket

import asyncpg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.domain.errors import CommitUnknownError, MisconfiguredError, StoreError
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
    "08": "The connection to the database {server} was lost: it will be made anew.",
    "23": "The database refused a change that would break its rules ({server}).",
    "P0001": "The database refused a change that would break its rules ({server}).",
    "XX": "The database {server} is damaged or has a bug: look into its server's log.",
}
"""By code, or by the beginning of codes (postgresql.org/docs/current/errcodes-appendix.html)."""
_POOLED = (
    "A pooler such as PgBouncer stands before the database {server}, and parts the statements of a "
    "connection: add ?statement_cache_size=0 to DATABASE_URL."
)
_OF_POOLERS = frozenset({"42P05", "26000"})
"""A prepared statement that is there already, or not there: another client's connection was given."""
_STARTUP_PARAMETER = "unsupported startup parameter"
"""What PgBouncer says of a setting for the session, under the code of a broken connection."""
_MISCONFIGURED = ("28", "3D000")
"""Codes that settings are to blame for, or their beginning."""
_WORTH_ANOTHER_TRY = frozenset({"40001", "40P01"})
READ_ONLY = "25006"
_ABOUT_VALUES = "22"
"""The class of codes whose messages quote values."""


def code_of(error: BaseException) -> str:
    """PostgreSQL's code for the error; empty when the server did not say anything."""
    return str(getattr(_original(error), "sqlstate", None) or "")


def is_lost(error: BaseException) -> bool:
    """True when there is no connection any more, so that the server has undone what was not committed."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, ConnectionError) or code_of(error)[:2] == "08" or code_of(error)[:3] == "57P"


def may_pass(error: BaseException) -> bool:
    """True when the same unit, run again, may well succeed: it was in another one's way, or cut off."""
    return code_of(error) in _WORTH_ANOTHER_TRY or is_lost(error)


def server_error(error: BaseException, url: PostgresUrl) -> StoreError:
    """The error in words that an operator can act on, with the server's own behind them."""
    original, code = _original(error), code_of(error)
    if code in _OF_POOLERS or _STARTUP_PARAMETER in str(original):
        return MisconfiguredError(f"{_POOLED.format(server=url)} ({_said(original)})")
    sentence = next((_SENTENCES[part] for part in (code, code[:3], code[:2]) if part in _SENTENCES), None)
    if sentence is None and is_lost(error) and not isinstance(original, OSError):
        sentence = _SENTENCES["08"]
    if sentence is None:
        return _unreachable(original, url)
    kind = MisconfiguredError if code.startswith(_MISCONFIGURED) else StoreError
    return kind(f"{sentence.format(server=url)} ({_said(original)})")


def outcome_unknown(error: BaseException, url: PostgresUrl) -> CommitUnknownError:
    """What is said when nobody knows whether a change was kept."""
    return CommitUnknownError(
        f"The connection to the database {url} was lost while a change was being committed: it is not "
        f"known whether it was kept ({type(_original(error)).__name__})."
    )


def hide_rows(context: ExceptionContext) -> None:
    """Leave of an error its message and code: the rest quotes rows and values, and would be logged.

    For SQLAlchemy's event `handle_error`, which comes before anybody sees the error.
    """
    driver = context.original_exception
    cause = driver.__cause__
    if not isinstance(cause, asyncpg.PostgresError | asyncpg.InterfaceError):
        return
    if isinstance(cause, asyncpg.PostgresError):
        # PostgreSQL's DETAIL has the whole row that breaks a rule, the others are asyncpg's advice
        cause.detail = cause.hint = None
    refused_unsent = isinstance(cause, ValueError) and context.statement is not None
    if refused_unsent or code_of(driver)[:2] == _ABOUT_VALUES:
        cause.args = ("a value cannot be read or kept",)
    driver.args = (f"{type(cause).__name__}: {cause}",)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = driver.args


def _unreachable(original: BaseException, url: PostgresUrl) -> StoreError:
    match original:
        case PoolTimeoutError():
            words = f"All connections to the database {url} are busy: look at what keeps its server busy."
        case socket.gaierror():
            words = f"The database {url} cannot be found: check the host in DATABASE_URL ({original})."
        case TimeoutError():
            words = f"The database {url} does not answer: see that its server runs and can be reached."
        case OSError():
            words = (
                f"The database {url} cannot be reached: see that its server runs and takes connections "
                f"from here ({original})."
            )
        case asyncpg.ClientConfigurationError():
            return MisconfiguredError(f"DATABASE_URL has an option that cannot be: {original}")
        case _:
            words = f"The database {url} cannot be used: {_said(original)}"
    return StoreError(words)


def _said(original: BaseException) -> str:
    code = code_of(original)
    return f"{code}: {original}" if code else str(original)


def _original(error: BaseException) -> BaseException:
    """The driver's error behind SQLAlchemy's."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error
