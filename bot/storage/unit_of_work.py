"""One unit of work over one database connection, on either database."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from bot.services.ports import Clock, WorkQueue
from bot.services.unit_of_work import UnitOfWork
from bot.storage.repositories.audit_log import SqlAuditLog
from bot.storage.repositories.caps import SqlCaps
from bot.storage.repositories.cleanup import SqlCleanup
from bot.storage.repositories.guilds import SqlGuilds, SqlMembers
from bot.storage.repositories.ledger import SqlLedger
from bot.storage.repositories.library import SqlLibrary, SqlPlaylists
from bot.storage.repositories.outbox import SqlOutbox
from bot.storage.repositories.personal_data import SqlPersonalData
from bot.storage.repositories.requests import SqlRequests
from bot.storage.repositories.runtime import (
    SqlCircuitBreakers,
    SqlDurationStats,
    SqlKeyValues,
    SqlProcessRegistry,
)
from bot.storage.repositories.usage import SqlUsage

log = logging.getLogger(__name__)

SLOW_S = 1.0
"""A unit of work that takes longer is named in the log: on SQLite all other writes wait for it."""


class SqlUnitOfWork(UnitOfWork):
    """The repositories of a unit of work, inside the transaction that the connection is in.

    `due_queues` are those in which it has written something that may be due.
    """

    __slots__ = (
        "audit_log",
        "breakers",
        "caps",
        "cleanup",
        "connection",
        "due_queues",
        "durations",
        "guilds",
        "key_values",
        "ledger",
        "library",
        "members",
        "outbox",
        "personal_data",
        "playlists",
        "processes",
        "requests",
        "usage",
    )

    # the port declares read-only properties of these names; the slots replace them
    requests: SqlRequests
    ledger: SqlLedger
    caps: SqlCaps
    members: SqlMembers
    guilds: SqlGuilds
    audit_log: SqlAuditLog
    outbox: SqlOutbox
    durations: SqlDurationStats
    key_values: SqlKeyValues
    breakers: SqlCircuitBreakers
    processes: SqlProcessRegistry
    personal_data: SqlPersonalData
    cleanup: SqlCleanup
    playlists: SqlPlaylists
    library: SqlLibrary
    usage: SqlUsage

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connection = connection
        self.due_queues: set[WorkQueue] = set()
        notify = self.due_queues.add
        self.requests = SqlRequests(connection, notify, clock=clock)
        self.ledger = SqlLedger(connection)
        self.caps = SqlCaps(connection)
        self.members = SqlMembers(connection)
        self.guilds = SqlGuilds(connection, notify)
        self.audit_log = SqlAuditLog(connection, notify)
        self.outbox = SqlOutbox(connection, notify)
        self.durations = SqlDurationStats(connection)
        self.key_values = SqlKeyValues(connection)
        self.breakers = SqlCircuitBreakers(connection, notify)
        self.processes = SqlProcessRegistry(connection)
        self.personal_data = SqlPersonalData(connection)
        self.cleanup = SqlCleanup(connection)
        self.playlists = SqlPlaylists(connection)
        self.library = SqlLibrary(connection)
        self.usage = SqlUsage(connection)


@contextmanager
def slow_units_logged(name: str, *, slow_s: float = SLOW_S) -> Iterator[None]:
    """Log the unit of work by its name when it takes longer than `slow_s`."""
    began = time.monotonic()
    try:
        yield
    finally:
        took_s = time.monotonic() - began
        if took_s > slow_s:
            log.warning("the unit of work %s took %.1f s", name, took_s)
