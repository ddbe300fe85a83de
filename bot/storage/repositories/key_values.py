"""Single facts to remember between two starts."""

from functools import cache

from pydantic import TypeAdapter
from sqlalchemy import Connection, bindparam, select

from bot.services.provider.circuit_breaker import CircuitBreaker
from bot.storage.sql import Upsert, upsert
from bot.storage.tables import key_values

_FIND = select(key_values.c.value).where(key_values.c.key == bindparam("of_key"))


class SqlKeyValues:
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
    statement = upsert(dialect, key_values)
    return statement.on_conflict_do_update(
        index_elements=["key"], set_={"value": statement.excluded["value"]}
    )


KEY = "gate"


_GATE = TypeAdapter(CircuitBreaker)


class SqlCircuitBreakers:
    """The provider's readiness, as one transaction sees it."""

    def __init__(self, memos: SqlKeyValues) -> None:
        self._memos = memos

    def get(self) -> CircuitBreaker | None:
        """What was learned last, if anything was."""
        known = self._memos.get(KEY)
        return None if known is None else _GATE.validate_json(known)

    def put(self, breaker: CircuitBreaker) -> None:
        """Remember what was learned."""
        self._memos.put(KEY, _GATE.dump_json(breaker).decode())
