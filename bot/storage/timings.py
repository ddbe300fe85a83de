"""Timings of the database: how long it is waited for, and how soon a lost connection is replaced."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.retry_policy import RetryPolicy
from bot.services.unit_of_work import Share


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageTimings:
    """How long a process waits for its database, in seconds."""

    busy_s: float = 10.0
    """For a SQLite file that a backup tool or a shell has locked."""
    connect_s: float = 5.0
    """For a connection to a PostgreSQL server."""
    answer_s: float = 12.0
    """For an answer of the server before it counts as hanging.

    Longer than the server's own limits, so that these come first.
    """
    pool_s: float = 30.0
    """For a connection from the pool."""
    read_s: Mapping[Share, float] = field(
        default_factory=lambda: {Share.MEMBERS: 5.0, Share.WORKERS: 10.0, Share.REPORTS: 60.0}
    )
    """For a read of a SQLite file; a PostgreSQL server has a limit for each statement."""
    clock_s: float = 30.0
    """Between two readings of the server's time; also how soon a dead connection is noticed."""
    reconnects: RetryPolicy = RetryPolicy(first_s=0.5, max_s=10.0)
    """Before each attempt to listen to the server again."""


STORAGE_TIMINGS = StorageTimings()
"""The timings of the product."""
