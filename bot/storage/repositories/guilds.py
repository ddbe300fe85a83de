"""The settings of each server: one row, locked in share mode by those who place requests."""

from collections.abc import Collection
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, bindparam, func, select, update
from typing_extensions import override

from bot.domain.guild_settings import GuildSettings
from bot.services.repositories.guilds import Guilds
from bot.storage.advisory_locks import AdvisoryLock, lock
from bot.storage.sql import Upsert, upsert
from bot.storage.tables import guild_settings, guilds, members

_c = guild_settings.c
_FIND = select(_c.settings).where(_c.guild_id == bindparam("guild"))
_FIND_FOR_SHARE = _FIND.with_for_update(read=True)
_FIND_FOR_UPDATE = _FIND.with_for_update()
_UPDATE = update(guild_settings).where(_c.guild_id == bindparam("guild"))
_PAUSED = select(_c.guild_id, _c.settings).where(_c.paused)
# a member whose erasure is scheduled does not count: the bot may have left that server long ago
_WITH_DATA = select(_c.guild_id).union(select(members.c.guild_id).where(members.c.forget_at.is_(None)))
_LEFT = select(guilds.c.guild_id, guilds.c.left_at)
_MARK_JOINED = update(guilds).where(guilds.c.guild_id == bindparam("guild")).values(left_at=None)


class SqlGuilds(Guilds):
    """The servers' settings in one transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @override
    def settings(self, guild_id: int) -> GuildSettings:
        found: GuildSettings | None = self._conn.execute(_FIND, {"guild": guild_id}).scalar()
        return found or GuildSettings()

    @override
    def get_for_share(self, guild_id: int) -> GuildSettings:
        found: GuildSettings | None = self._conn.execute(_FIND_FOR_SHARE, {"guild": guild_id}).scalar()
        if found is None:  # a missing row cannot be locked
            self._create_if_missing(guild_id)
            return self.get_for_share(guild_id)
        return found

    @override
    def get_for_update(self, guild_id: int) -> GuildSettings:
        self._create_if_missing(guild_id)
        settings: GuildSettings = self._conn.execute(_FIND_FOR_UPDATE, {"guild": guild_id}).scalar_one()
        return settings

    @override
    def update(self, guild_id: int, settings: GuildSettings) -> None:
        row = {"settings": settings, "paused": settings.paused is not None}
        self._conn.execute(_UPDATE, {"guild": guild_id, **row})

    @override
    def paused(self) -> dict[int, str]:
        rows = self._conn.execute(_PAUSED)
        return {row.guild_id: row.settings.paused or "" for row in rows}

    @override
    def known(self) -> dict[int, datetime | None]:
        known: dict[int, datetime | None] = dict.fromkeys(self._conn.execute(_WITH_DATA).scalars())
        return known | {row.guild_id: row.left_at for row in self._conn.execute(_LEFT)}

    @override
    def lock_membership(self) -> None:
        lock(self._conn, AdvisoryLock.GUILD_MEMBERSHIP)

    @override
    def mark_left(self, guild_ids: Collection[int], *, at: datetime) -> None:
        if guild_ids:
            rows = [{"guild_id": guild_id, "left_at": at} for guild_id in sorted(guild_ids)]
            self._conn.execute(_mark_left(self._conn.dialect.name), rows)

    @override
    def mark_joined(self, guild_ids: Collection[int]) -> None:
        if guild_ids:
            self._conn.execute(_MARK_JOINED, [{"guild": guild_id} for guild_id in sorted(guild_ids)])

    def _create_if_missing(self, guild_id: int) -> None:
        row = {"guild_id": guild_id, "settings": GuildSettings(), "paused": False}
        self._conn.execute(_insert(self._conn.dialect.name), row)


@cache
def _insert(dialect: str) -> Upsert:
    return upsert(dialect, guild_settings).on_conflict_do_nothing()


@cache
def _mark_left(dialect: str) -> Upsert:
    statement = upsert(dialect, guilds)
    return statement.on_conflict_do_update(
        index_elements=["guild_id"],
        set_={"left_at": func.coalesce(guilds.c.left_at, statement.excluded["left_at"])},
    )
