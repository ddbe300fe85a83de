"""What only one process may do at a time, where there are several."""

from enum import IntEnum

from sqlalchemy import Connection, Integer, bindparam, func, select

_PROGRAM = 0x1D5B17E
"""The first half of the keys, so that they are not another program's in the same database."""
_LOCK = select(
    func.pg_advisory_xact_lock(bindparam("program", type_=Integer), bindparam("key", type_=Integer))
)


class AdvisoryLock(IntEnum):
    """The second half of the keys; a number is never used for something else."""

    MIGRATION = 1
    QUEUE = 2
    """Taking requests from the line of those that wait."""
    SHARDS = 3
    """Saying which shards a process serves."""
    COMINGS = 4
    """Noting in which servers the bot is."""


def lock(conn: Connection, key: AdvisoryLock) -> None:
    """No other process has this lock until the transaction ends; waits for whoever has it.

    On SQLite there is no other: one process has the file, and one of its threads writes.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK, {"program": _PROGRAM, "key": int(key)})
