"""What requests came to, as running totals: what was used in some days is the difference of two of them."""

import secrets
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    select,
    update,
)
from typing_extensions import override

from bot.domain.caps import ALL_GUILDS
from bot.domain.personal_data import NOBODY_ID
from bot.domain.requests import USED, Request
from bot.services.repositories.usage import Usage, UsageKind, Use
from bot.storage.advisory_locks import lock_usage
from bot.storage.sql import SqlRepository, Upsert, upsert
from bot.storage.tables import IS_ACTIVE, daily_usage, requests

_c = daily_usage.c
_end, _start = daily_usage.alias("at_the_end"), daily_usage.alias("before")
_OF_SERIES = and_(_c.guild_id == bindparam("guild"), _c.kind == bindparam("of"), _c.key == bindparam("whose"))
_COUNT_LATER = (  # there are none, unless the clock was set back
    update(daily_usage)
    .where(_OF_SERIES, _c.day > bindparam("on"))
    .values(
        songs=_c.songs + bindparam("made"),
        credits=_c.credits + bindparam("cost"),
        requests=_c.requests + 1,
    )
)
_OF_SERVER = and_(_c.guild_id == bindparam("guild"), _c.kind == UsageKind.SERVER, _c.key == "")
_BEFORE = select(func.max(_c.day)).where(_OF_SERVER, _c.day < bindparam("first")).scalar_subquery()
_BY_DAY = (
    select(_c.day, _c.songs, _c.credits, _c.requests)
    .where(_OF_SERVER, _c.day >= func.coalesce(_BEFORE, ""), _c.day <= bindparam("last"))
    .order_by(_c.day)
)
# one statement, and so one snapshot: between two, a request could end and be in neither
_HELD = select(func.coalesce(func.sum(requests.c.cost), 0)).where(IS_ACTIVE)
_TOTAL = select(_c.credits).where(_OF_SERVER).order_by(_c.day.desc()).limit(1)
_SPENT_IN_GUILD = select(
    _HELD.where(requests.c.guild_id == bindparam("guild")).scalar_subquery()
    + func.coalesce(_TOTAL.scalar_subquery(), 0)
    - func.coalesce(_TOTAL.where(_c.day < bindparam("first")).scalar_subquery(), 0)
)
_RENAME = update(daily_usage).where(_OF_SERIES).values(key=bindparam("nobody"))


class SqlUsage(SqlRepository, Usage):
    """The usage in one transaction."""

    @override
    def count(self, request: Request, *, on: date) -> None:
        lock_usage(self._conn, request.guild_id)
        made = request.state in USED
        keys = {
            UsageKind.SERVER: "",
            UsageKind.MEMBER: str(request.user_id),
            UsageKind.PLAYLIST: request.spec.playlist_id,
            UsageKind.MODEL: request.spec.model,
        }
        if not made:
            keys[UsageKind.FAILURE] = request.failure.kind if request.failure else request.state
        of = {"guild": request.guild_id, "on": on.isoformat(), "made": int(made), "cost": made * request.cost}
        series = [of | {"of": kind, "whose": key} for kind, key in keys.items()]
        self._conn.execute(_count(self._conn.dialect.name), series)
        self._conn.execute(_COUNT_LATER, series)

    @override
    def spent(self, guild_id: int, *, since: date) -> int:
        terms: dict[str, object] = {"first": since.isoformat()}
        if guild_id == ALL_GUILDS:
            return int(self._conn.execute(_SPENT, terms | {"last": _FOR_EVER}).scalar_one())
        return int(self._conn.execute(_SPENT_IN_GUILD, terms | {"guild": guild_id}).scalar_one())

    @override
    def by_day(self, guild_id: int, first: date, last: date) -> dict[date, Use]:
        days = {"guild": guild_id, "first": first.isoformat(), "last": last.isoformat()}
        found, before = {}, Use()
        for row in self._conn.execute(_BY_DAY, days):
            total, day = Use(row.songs, row.credits, row.requests), date.fromisoformat(row.day)
            if day >= first:
                found[day] = Use(
                    total.songs - before.songs,
                    total.credits - before.credits,
                    total.requests - before.requests,
                )
            before = total
        return found

    @override
    def by_member(self, guild_id: int, first: date, last: date) -> dict[int, Use]:
        found: dict[int, Use] = {}
        for name, use in self.by_key(guild_id, UsageKind.MEMBER, first, last).items():
            user_id = int(name) if name.isdigit() else NOBODY_ID
            other = found.get(user_id, Use())  # of others whose data was erased
            found[user_id] = Use(
                other.songs + use.songs, other.credits + use.credits, other.requests + use.requests
            )
        return found

    @override
    def by_key(self, guild_id: int, kind: UsageKind, first: date, last: date) -> dict[str, Use]:
        days = {"guild": guild_id, "of": kind, "first": first.isoformat(), "last": last.isoformat()}
        return {row.name: _use(row) for row in self._conn.execute(_BY_KEY, days)}

    @override
    def by_guild(self, first: date) -> dict[int, Use]:
        rows = self._conn.execute(_BY_GUILD, {"first": first.isoformat(), "last": _FOR_EVER})
        return {row.name: _use(row) for row in rows if row.songs}


_FOR_EVER = date.max.isoformat()


def _use(row: Row[*tuple[Any, ...]]) -> Use:
    return Use(row.songs, row.credits, row.requests)


def erase_usage(conn: Connection, guild_id: int, user_id: int) -> int:
    """Remove the member's id from what was used, so that it is nobody's; return for how many days.

    All of them at once: the totals of a part of the days would not be those of a series.
    """
    series = {"guild": guild_id, "of": UsageKind.MEMBER, "whose": str(user_id)}
    return conn.execute(_RENAME, series | {"nobody": f"nobody-{secrets.token_hex(8)}"}).rowcount


def erase_usage_of_guild(conn: Connection, guild_id: int, *, limit: int) -> int:
    """Remove members of a server from what they used; return for how many days, `limit` at most.

    The last of them may have more days.
    """
    names = (
        conn.execute(_KEYS, {"guild": guild_id, "of": UsageKind.MEMBER, "at_most": limit + 1}).scalars().all()
    )
    days = 0
    for name in names:
        if days < limit and name.isdigit() and int(name) != NOBODY_ID:
            days += erase_usage(conn, guild_id, int(name))
    return min(days, limit)


@cache
def _count(dialect: str) -> Upsert:
    """Return the statement that adds a request to a series' total of a day, which begins with that before."""
    statement = upsert(dialect, daily_usage)
    return statement.values(
        guild_id=bindparam("guild"),
        kind=bindparam("of"),
        key=bindparam("whose"),
        day=bindparam("on"),
        songs=func.coalesce(_last_before(_c.songs), 0) + bindparam("made"),
        credits=func.coalesce(_last_before(_c.credits), 0) + bindparam("cost"),
        requests=func.coalesce(_last_before(_c.requests), 0) + 1,
    ).on_conflict_do_update(
        index_elements=["guild_id", "kind", "key", "day"],
        set_={
            "songs": _c.songs + bindparam("made"),
            "credits": _c.credits + bindparam("cost"),
            "requests": _c.requests + 1,
        },
    )


def _last_before(total: ColumnElement[int]) -> ScalarSelect[int]:
    earlier = select(total).where(_OF_SERIES, _c.day < bindparam("on"))
    return earlier.order_by(_c.day.desc()).limit(1).scalar_subquery()


def _steps(column: ColumnElement[Any], *which: ColumnElement[bool]) -> CTE:
    """Return the distinct values of a column, each found by a step in the primary key."""
    names = select(func.min(column).label("name")).where(*which).cte("names", recursive=True)
    following = select(func.min(column)).where(*which, column > names.c.name).correlate(names)
    return names.union_all(select(following.scalar_subquery()).where(names.c.name.is_not(None)))


def _used(names: CTE, series: Callable[[FromClause], ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    """Return what each name's series came to from `first` to `last`, from one total or two of each."""
    inner = daily_usage.alias("of_series")

    def day(limit: ColumnElement[bool]) -> ScalarSelect[str]:
        newest = select(func.max(inner.c.day)).where(series(inner), limit)
        return newest.correlate(names).scalar_subquery()

    at_end = and_(series(_end), _end.c.day == day(inner.c.day <= bindparam("last")))
    before = and_(series(_start), _start.c.day == day(inner.c.day < bindparam("first")))
    return (
        select(
            names.c.name,
            (_end.c.songs - func.coalesce(_start.c.songs, 0)).label("songs"),
            (_end.c.credits - func.coalesce(_start.c.credits, 0)).label("credits"),
            (_end.c.requests - func.coalesce(_start.c.requests, 0)).label("requests"),
        )
        .select_from(names.join(_end, at_end).outerjoin(_start, before))
        .where(_end.c.day >= bindparam("first"))
    )


_KEY_NAMES = _steps(_c.key, _c.guild_id == bindparam("guild"), _c.kind == bindparam("of"))
_GUILD_NAMES = _steps(_c.guild_id)
_KEYS = (  # of members, those whose data was erased come last, and nobody comes first
    select(_KEY_NAMES.c.name).where(_KEY_NAMES.c.name.is_not(None)).limit(bindparam("at_most"))
)
_BY_KEY = _used(
    _KEY_NAMES,
    lambda one: and_(
        one.c.guild_id == bindparam("guild"),
        one.c.kind == bindparam("of"),
        one.c.key == _KEY_NAMES.c.name,
    ),
)
_BY_GUILD = _used(
    _GUILD_NAMES,
    lambda one: and_(one.c.guild_id == _GUILD_NAMES.c.name, one.c.kind == UsageKind.SERVER, one.c.key == ""),
)
_SPENT = select(
    _HELD.scalar_subquery()
    + select(func.coalesce(func.sum(_BY_GUILD.subquery().c.credits), 0)).scalar_subquery()
)
