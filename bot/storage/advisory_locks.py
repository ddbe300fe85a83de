"""Locks for operations that only one process may run at a time."""

from enum import IntEnum

from sqlalchemy import Connection, Integer, bindparam, func, select

_PROGRAM, _USAGE = 0x1D5B17E, 0x1D5B17F
"""The first half of each key, so that it clashes with no other program's in the same database."""
_LOCK = select(
    func.pg_advisory_xact_lock(bindparam("program", type_=Integer), bindparam("key", type_=Integer))
)


class AdvisoryLock(IntEnum):
    """The second half of each key; a number is never used again for something else."""

    MIGRATION = 1
    QUEUE = 2
    """Claiming requests from the queue."""
    SHARDS = 3
    """Claiming the shards that a process serves."""
    GUILD_MEMBERSHIP = 4
    """Recording which servers the bot is in."""


def lock(conn: Connection, key: AdvisoryLock) -> None:
    """Acquire the lock until the transaction ends; wait while another process has it.

    On SQLite do nothing: one process has the file, and one of its threads writes.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK, {"program": _PROGRAM, "key": int(key)})


def lock_usage(conn: Connection, guild_id: int) -> None:
    """Acquire the lock on what a server used; now and then another server has the same one.

    Running totals need it: around midnight, that of a new day has to include what the day before came to.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK, {"program": _USAGE, "key": guild_id % 2**31})
