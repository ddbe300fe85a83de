"""Process heartbeats and exclusive shard ownership; single values and statistics that outlive processes."""

from datetime import datetime
from functools import cache
from math import gcd

from pydantic import TypeAdapter
from sqlalchemy import bindparam, delete, func, select, update
from typing_extensions import override

from bot.domain.circuit_breaker import CircuitBreaker
from bot.domain.errors import ShardTakenError
from bot.domain.polling import DurationStats
from bot.services.ports import WorkQueue
from bot.services.repositories.runtime import (
    CircuitBreakers,
    DurationStatsRepository,
    KeyValues,
    ProcessRegistry,
)
from bot.storage.advisory_locks import AdvisoryLock, lock
from bot.storage.sql import SqlRepository, Upsert, upsert
from bot.storage.tables import duration_stats, key_values, processes, shards

GATEWAY_ROLES = frozenset({"all", "gateway"})
"""The roles with a connection to Discord's gateway, and so with shards."""
WORKER_ROLES = frozenset({"all", "worker"})
"""The roles that work on requests."""

_p, _s = processes.c, shards.c
_DELETE_EXPIRED = delete(processes).where(_p.alive_until <= bindparam("now"))
_CAP_EXPIRY = (
    update(processes).where(_p.alive_until > bindparam("until")).values(alive_until=bindparam("until"))
)
"""Caps the expiry of processes whose last heartbeat came before the clock was set back."""
_DEREGISTER = delete(processes).where(_p.id == bindparam("process"))
_OTHERS = (
    select(_s.shard_id, _s.shard_count, _s.process_id)
    .where(_s.process_id != bindparam("process"))
    .order_by(_s.shard_id)
)
_RELEASE_SHARDS = delete(shards).where(
    _s.process_id == bindparam("process"), _s.shard_id.not_in(bindparam("kept", expanding=True))
)
_SHARD_OWNER = select(_s.process_id).where(_s.shard_id == bindparam("shard"))
_WORKERS = (
    select(func.count())
    .select_from(processes)
    .where(_p.alive_until > bindparam("now"), _p.role.in_(sorted(WORKER_ROLES)))
)
_ALIVE = select(_p.role, func.count()).where(_p.alive_until > bindparam("now")).group_by(_p.role)


class SqlProcessRegistry(SqlRepository, ProcessRegistry):
    """The processes in one transaction."""

    @override
    def heartbeat(
        self,
        process: str,
        *,
        role: str,
        shards: tuple[int, ...],
        shard_count: int,
        now: datetime,
        until: datetime,
    ) -> None:
        served = shards if role in GATEWAY_ROLES else ()
        lock(self._conn, AdvisoryLock.SHARDS)
        self._conn.execute(_CAP_EXPIRY, {"until": until})
        self._conn.execute(_DELETE_EXPIRED, {"now": now})
        self._conn.execute(
            _upsert_process(self._conn.dialect.name), {"id": process, "role": role, "alive_until": until}
        )
        self._conn.execute(_RELEASE_SHARDS, {"process": process, "kept": served})
        for shard in served:
            self._refuse_overlap(process, shard, shard_count)
            self._claim_shard(process, shard, shard_count)

    @override
    def workers(self, now: datetime) -> int:
        return max(1, int(self._conn.execute(_WORKERS, {"now": now}).scalar_one()))

    @override
    def alive(self, now: datetime) -> dict[str, int]:
        return {role: int(count) for role, count in sorted(self._conn.execute(_ALIVE, {"now": now}))}

    @override
    def deregister(self, process: str) -> None:
        self._conn.execute(_DEREGISTER, {"process": process})

    def _claim_shard(self, process: str, shard: int, shard_count: int) -> None:
        row = {"shard_id": shard, "shard_count": shard_count, "process_id": process}
        if self._conn.execute(_upsert_shard(self._conn.dialect.name), row).rowcount != 1:
            raise ShardTakenError(shard, str(self._conn.execute(_SHARD_OWNER, {"shard": shard}).scalar_one()))

    def _refuse_overlap(self, process: str, shard: int, shard_count: int) -> None:
        """Raise ShardTakenError if another process serves some of the shard's servers.

        A server belongs to shard `(id >> 22) % shard_count` (Discord's docs, "Sharding"). So two shards of
        different counts share servers if their numbers are equal modulo the counts' greatest common divisor.
        """
        for other, other_count, owner in self._conn.execute(_OTHERS, {"process": process}):
            if (shard - other) % gcd(shard_count, other_count) == 0:
                raise ShardTakenError(shard, owner)


@cache
def _upsert_process(dialect: str) -> Upsert:
    statement = upsert(dialect, processes)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["id"], set_={"role": new["role"], "alive_until": new["alive_until"]}
    )


@cache
def _upsert_shard(dialect: str) -> Upsert:
    statement = upsert(dialect, shards)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["shard_id"],
        set_={"shard_count": new["shard_count"]},
        # the first process keeps the shard; shards of expired processes were deleted with these
        where=_s.process_id == new["process_id"],
    )


_FIND_VALUE = select(key_values.c.value).where(key_values.c.key == bindparam("of_key"))


class SqlKeyValues(SqlRepository, KeyValues):
    """Single values in one transaction."""

    @override
    def get(self, key: str) -> str | None:
        return self._conn.execute(_FIND_VALUE, {"of_key": key}).scalar()

    @override
    def put(self, key: str, value: str) -> None:
        self._conn.execute(_put_value(self._conn.dialect.name), {"key": key, "value": value})

    @override
    def find(self, prefix: str) -> dict[str, str]:
        found = select(key_values).where(key_values.c.key.startswith(prefix, autoescape=True))
        return {row.key: row.value for row in self._conn.execute(found)}

    @override
    def delete(self, key: str) -> None:
        self._conn.execute(delete(key_values).where(key_values.c.key == key))


@cache
def _put_value(dialect: str) -> Upsert:
    statement = upsert(dialect, key_values)
    return statement.on_conflict_do_update(
        index_elements=["key"], set_={"value": statement.excluded["value"]}
    )


_BREAKER_KEY = "circuit_breaker"
_BREAKER = TypeAdapter(CircuitBreaker)


class SqlCircuitBreakers(SqlRepository, CircuitBreakers):
    """The provider's circuit breaker in one transaction."""

    @override
    def get(self) -> CircuitBreaker | None:
        known = SqlKeyValues(self._conn).get(_BREAKER_KEY)
        return None if known is None else _BREAKER.validate_json(known)

    @override
    def put(self, breaker: CircuitBreaker) -> None:
        SqlKeyValues(self._conn).put(_BREAKER_KEY, _BREAKER.dump_json(breaker).decode())
        self._notify(WorkQueue.SUBMISSIONS)


_FIND_DURATIONS = select(
    duration_stats.c.count, duration_stats.c.mean, duration_stats.c.sum_of_squares
).where(duration_stats.c.model == bindparam("of_model"))


class SqlDurationStats(SqlRepository, DurationStatsRepository):
    """The duration statistics in one transaction."""

    @override
    def get(self, model: str) -> DurationStats:
        row = self._conn.execute(_FIND_DURATIONS, {"of_model": model}).first()
        return DurationStats() if row is None else DurationStats(*row)

    @override
    def put(self, model: str, durations: DurationStats) -> None:
        row = {
            "model": model,
            "count": durations.count,
            "mean": durations.mean,
            "sum_of_squares": durations.sum_of_squares,
        }
        self._conn.execute(_put_durations(self._conn.dialect.name), row)


@cache
def _put_durations(dialect: str) -> Upsert:
    statement = upsert(dialect, duration_stats)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["model"],
        set_={name: new[name] for name in ("count", "mean", "sum_of_squares")},
    )
