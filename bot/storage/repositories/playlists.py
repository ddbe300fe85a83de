"""The saved playlists."""

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Connection, Row, bindparam, delete, or_, select, update
from typing_extensions import override

from bot.domain.playlists import SavedPlaylist
from bot.services.repositories.library import Playlists
from bot.storage.sql import Upsert, upsert
from bot.storage.tables import playlists

USED_AT_PRECISION = timedelta(minutes=1)
"""The precision of a playlist's last use: requests that are placed at once need not wait for its row."""

_c = playlists.c
_ALL = select(playlists).where(_c.guild_id == bindparam("guild"))
_HAS_KEY = (_c.guild_id == bindparam("guild")) & (_c.key == bindparam("of_key"))
_FIND = select(playlists).where(_HAS_KEY)
_REMOVE = delete(playlists).where(_HAS_KEY)
_MARK_USED = (
    update(playlists)
    .where(
        _c.guild_id == bindparam("guild"),
        _c.playlist_id == bindparam("playlist"),
        or_(_c.used_at.is_(None), _c.used_at < bindparam("used_before")),
    )
    .values(used_at=bindparam("now"))
)


class SqlPlaylists(Playlists):
    """The saved playlists in one transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @override
    def list(self, guild_id: int) -> list[SavedPlaylist]:
        return sorted(map(_playlist, self._conn.execute(_ALL, {"guild": guild_id})), key=lambda one: one.key)

    @override
    def find(self, guild_id: int, key: str) -> SavedPlaylist | None:
        row = self._conn.execute(_FIND, {"guild": guild_id, "of_key": key}).first()
        return None if row is None else _playlist(row)

    @override
    def put(self, guild_id: int, playlist: SavedPlaylist) -> None:
        row = {
            "guild_id": guild_id,
            "key": playlist.key,
            "name": playlist.name,
            "playlist_id": playlist.playlist_id,
            "added_by": playlist.added_by,
            "added_at": playlist.added_at,
            "used_at": playlist.used_at,
        }
        self._conn.execute(_put(self._conn.dialect.name), row)

    @override
    def remove(self, guild_id: int, key: str) -> None:
        self._conn.execute(_REMOVE, {"guild": guild_id, "of_key": key})

    @override
    def mark_used(self, guild_id: int, playlist_id: str, *, now: datetime) -> None:
        terms = {
            "guild": guild_id,
            "playlist": playlist_id,
            "now": now,
            "used_before": now - USED_AT_PRECISION,
        }
        self._conn.execute(_MARK_USED, terms)


def _playlist(row: Row[*tuple[object, ...]]) -> SavedPlaylist:
    return SavedPlaylist(
        name=row.name,
        playlist_id=row.playlist_id,
        added_by=row.added_by,
        added_at=row.added_at,
        used_at=row.used_at,
    )


@cache
def _put(dialect: str) -> Upsert:
    statement = upsert(dialect, playlists)
    changed = ("name", "playlist_id", "added_by", "added_at", "used_at")
    return statement.on_conflict_do_update(
        index_elements=["guild_id", "key"], set_={name: statement.excluded[name] for name in changed}
    )
