"""Single facts to remember between two starts."""

from functools import cache

from sqlalchemy import Connection, bindparam, select

from bot.storage.tables import memos
from bot.storage.upserts import Upsert, upsert

_FIND = select(memos.c.value).where(memos.c.key == bindparam("of_key"))


class SqlMemos:
    """Single facts, as one transaction sees them."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def get(self, key: str) -> str | None:
        """The fact, if there is one."""
        return self._conn.execute(_FIND, {"of_key": key}).scalar()

    def put(self, key: str, value: str) -> None:
        """Remember the fact."""
        self._conn.execute(_put(self._conn.dialect.name), {"key": key, "value": value})


@cache
def _put(dialect: str) -> Upsert:
    statement = upsert(dialect, memos)
    return statement.on_conflict_do_update(
        index_elements=["key"], set_={"value": statement.excluded["value"]}
    )
