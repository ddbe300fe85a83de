"""How long songs took, per model."""

from functools import cache

from sqlalchemy import Connection, bindparam, select

from bot.domain.polling import Durations
from bot.storage.tables import timings
from bot.storage.upserts import Upsert, upsert

_FIND = select(timings.c.count, timings.c.mean, timings.c.squares).where(
    timings.c.model == bindparam("of_model")
)


class SqlTimings:
    """How long songs took, as one transaction sees it."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def of(self, model: str) -> Durations:
        """What was seen of a model so far."""
        row = self._conn.execute(_FIND, {"of_model": model}).first()
        return Durations() if row is None else Durations(*row)

    def keep(self, model: str, durations: Durations) -> None:
        """Remember what was seen of a model."""
        row = {
            "model": model,
            "count": durations.count,
            "mean": durations.mean,
            "squares": durations.squares,
        }
        self._conn.execute(_keep(self._conn.dialect.name), row)


@cache
def _keep(dialect: str) -> Upsert:
    statement = upsert(dialect, timings)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["model"], set_={"count": new["count"], "mean": new["mean"], "squares": new["squares"]}
    )
