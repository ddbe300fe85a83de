"""How long songs took, per model."""

from functools import cache

from sqlalchemy import Connection, bindparam, select
from typing_extensions import override

from bot.domain.polling import DurationStats
from bot.services.repositories.runtime import DurationStatsRepository
from bot.storage.sql import Upsert, upsert
from bot.storage.tables import duration_stats

_FIND = select(duration_stats.c.count, duration_stats.c.mean, duration_stats.c.sum_of_squares).where(
    duration_stats.c.model == bindparam("of_model")
)


class SqlDurationStats(DurationStatsRepository):
    """How long songs took, as one transaction sees it."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @override
    def get(self, model: str) -> DurationStats:
        row = self._conn.execute(_FIND, {"of_model": model}).first()
        return DurationStats() if row is None else DurationStats(*row)

    @override
    def put(self, model: str, durations: DurationStats) -> None:
        row = {
            "model": model,
            "count": durations.count,
            "mean": durations.mean,
            "sum_of_squares": durations.sum_of_squares,
        }
        self._conn.execute(_keep(self._conn.dialect.name), row)


@cache
def _keep(dialect: str) -> Upsert:
    statement = upsert(dialect, duration_stats)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["model"],
        set_={name: new[name] for name in ("count", "mean", "sum_of_squares")},
    )
