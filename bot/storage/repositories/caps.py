"""The owner's caps: one row for each server that has or had one, and one for all servers together."""

from functools import cache

from sqlalchemy import Row, String, bindparam, cast, literal, or_, select
from sqlalchemy.sql.dml import ReturningInsert
from typing_extensions import override

from bot.domain.caps import ALL_GUILDS, CapRecord
from bot.domain.ledger import Balance
from bot.domain.quotas import Period, Window
from bot.services.repositories.caps import Caps
from bot.storage.sql import SqlRepository, Upsert, upsert
from bot.storage.tables import accounts, credit_caps

_c = credit_caps.c
_FIND = select(credit_caps).where(_c.guild_id.in_(bindparam("guilds", expanding=True)))
_OWN = select(credit_caps).where(_c.credits.is_not(None)).order_by(_c.guild_id)
_a = accounts.c
_ACCOUNT = literal("cap:") + cast(_c.guild_id, String) + bindparam("ending")
_MOST_SPENT = (
    select(credit_caps, _a.credits_posted, _a.debits_pending, _a.debits_posted)
    .join(accounts, _a.id == _ACCOUNT)
    .where(_c.period == bindparam("of"), _c.guild_id != ALL_GUILDS)
    .order_by((_a.debits_pending + _a.debits_posted).desc(), _c.guild_id)
    .limit(bindparam("at_most"))
)
_EMPTY = CapRecord()


class SqlCaps(SqlRepository, Caps):
    """The caps in one transaction."""

    @override
    def find(self, *guild_ids: int) -> list[CapRecord]:
        known = {row.guild_id: _record(row) for row in self._conn.execute(_FIND, {"guilds": guild_ids})}
        return [known.get(guild_id, _EMPTY) for guild_id in guild_ids]

    @override
    def own(self) -> dict[int, CapRecord]:
        return {row.guild_id: _record(row) for row in self._conn.execute(_OWN)}

    @override
    def most_spent(
        self, period: Period, window: Window, *, limit: int
    ) -> list[tuple[int, CapRecord, Balance]]:
        rows = self._conn.execute(_MOST_SPENT, {"of": period, "ending": f":{window.key}", "at_most": limit})
        return [(row.guild_id, _record(row), Balance(*row[-3:])) for row in rows]

    @override
    def put(self, guild_id: int, record: CapRecord) -> None:
        row = {
            "guild_id": guild_id,
            "credits": record.credits,
            "period": record.period,
            "opened_in": record.opened_in,
            "opened_at": record.opened_at,
            "spent_before": record.spent_before,
            "told_of": record.told_of,
            "told": record.told,
        }
        self._conn.execute(_put(self._conn.dialect.name), row)

    @override
    def mark_told(self, guild_id: int, occasion: str, percent: int) -> bool:
        row = {
            "guild_id": guild_id,
            "opened_in": "",
            "spent_before": 0,
            "told_of": occasion,
            "told": percent,
        }
        return self._conn.execute(_mark_told(self._conn.dialect.name), row).first() is not None


def _record(row: Row[*tuple[object, ...]]) -> CapRecord:
    return CapRecord(
        credits=row.credits,
        period=Period(row.period) if row.period else None,
        opened_in=row.opened_in,
        opened_at=row.opened_at,
        spent_before=row.spent_before,
        told_of=row.told_of,
        told=row.told,
    )


@cache
def _put(dialect: str) -> Upsert:
    statement = upsert(dialect, credit_caps)
    new = statement.excluded
    changed = ("credits", "period", "opened_in", "opened_at", "spent_before")
    return statement.on_conflict_do_update(
        index_elements=["guild_id"], set_={name: new[name] for name in changed}
    )


@cache
def _mark_told(dialect: str) -> ReturningInsert[int]:
    statement = upsert(dialect, credit_caps)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["guild_id"],
        set_={"told_of": new["told_of"], "told": new["told"]},
        where=or_(_c.told_of != new["told_of"], _c.told < new["told"]),
    ).returning(_c.guild_id)
