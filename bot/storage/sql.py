"""What the repositories share: a transaction, notifications, and INSERT ... ON CONFLICT."""

from collections.abc import Callable
from typing import TypeAlias

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from bot.services.ports import WorkQueue

Notify: TypeAlias = Callable[[WorkQueue], None]
"""Called with each queue in which a unit of work has written something that may be due."""
Upsert: TypeAlias = sqlite.Insert | postgresql.Insert


class SqlRepository:
    """A repository in one transaction."""

    def __init__(self, conn: Connection, notify: Notify = lambda _: None) -> None:
        self._conn = conn
        self._notify = notify


def upsert(dialect: str, table: Table) -> Upsert:
    """Return an INSERT into the table that can be given an ON CONFLICT clause."""
    # the clause is the same on both databases, but a class per dialect in SQLAlchemy
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
