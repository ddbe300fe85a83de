"""Single facts to remember between two starts."""

from functools import cache

from pydantic import TypeAdapter
from sqlalchemy import Connection, bindparam, select
from typing_extensions import override

from bot.services.provider.circuit_breaker import CircuitBreaker
from bot.services.repositories.runtime import CircuitBreakers, KeyValues
from bot.storage.sql import Upsert, upsert
from bot.storage.tables import key_values

_FIND = select(key_values.c.value).where(key_values.c.key == bindparam("of_key"))


class SqlKeyValues(KeyValues):
    """Single facts, as one transaction sees them."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @override
    def get(self, key: str) -> str | None:
        return self._conn.execute(_FIND, {"of_key": key}).scalar()

    @override
    def put(self, key: str, value: str) -> None:
        self._conn.execute(_put(self._conn.dialect.name), {"key": key, "value": value})


@cache
def _put(dialect: str) -> Upsert:
    statement = upsert(dialect, key_values)
    return statement.on_conflict_do_update(
        index_elements=["key"], set_={"value": statement.excluded["value"]}
    )


_BREAKER_KEY = "circuit_breaker"
_BREAKER = TypeAdapter(CircuitBreaker)


class SqlCircuitBreakers(CircuitBreakers):
    """The provider's readiness, as one transaction sees it."""

    def __init__(self, key_values: SqlKeyValues) -> None:
        self._key_values = key_values

    @override
    def get(self) -> CircuitBreaker | None:
        known = self._key_values.get(_BREAKER_KEY)
        return None if known is None else _BREAKER.validate_json(known)

    @override
    def put(self, breaker: CircuitBreaker) -> None:
        self._key_values.put(_BREAKER_KEY, _BREAKER.dump_json(breaker).decode())
