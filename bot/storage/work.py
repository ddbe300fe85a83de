"""One unit of work over one database connection; it knows no engine."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from bot.services.ports import Clock
from bot.storage.changes import SqlChanges
from bot.storage.gates import SqlGates
from bot.storage.guilds import SqlGuilds
from bot.storage.ledger import SqlLedger
from bot.storage.members import SqlMembers
from bot.storage.memos import SqlMemos
from bot.storage.notices import SqlNotices
from bot.storage.people import SqlPeople
from bot.storage.playlists import SqlPlaylists
from bot.storage.presence import SqlPresence
from bot.storage.requests import SqlRequests
from bot.storage.shelf import SqlShelf
from bot.storage.timings import SqlTimings
from bot.storage.upkeep import SqlUpkeep

log = logging.getLogger(__name__)

SLOW_S = 1.0
"""A unit of work that takes longer is named in the log; on SQLite all that write wait for it."""


class SqlWork:
    """All that a unit of work may do, inside the transaction that the connection is in.

    `stirs` tells whether it has written something that may be due.
    """

    __slots__ = (
        "changes",
        "connection",
        "gates",
        "guilds",
        "ledger",
        "members",
        "memos",
        "notices",
        "people",
        "playlists",
        "presence",
        "requests",
        "shelf",
        "stirs",
        "timings",
        "upkeep",
    )

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connection = connection
        self.stirs = False
        self.requests = SqlRequests(connection, clock, on_due=self._stir)
        self.ledger = SqlLedger(connection)
        self.members = SqlMembers(connection)
        self.guilds = SqlGuilds(connection)
        self.changes = SqlChanges(connection, on_due=self._stir)
        self.notices = SqlNotices(connection, on_due=self._stir)
        self.timings = SqlTimings(connection)
        self.memos = SqlMemos(connection)
        self.gates = SqlGates(self.memos)
        self.presence = SqlPresence(connection)
        self.people = SqlPeople(connection)
        self.upkeep = SqlUpkeep(connection)
        self.playlists = SqlPlaylists(connection)
        self.shelf = SqlShelf(connection)

    def _stir(self) -> None:
        self.stirs = True


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
