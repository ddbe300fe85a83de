"""The finished songs that were not removed, members' loves, and the saved playlists."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Row,
    Select,
    Subquery,
    TextClause,
    bindparam,
    case,
    delete,
    distinct,
    func,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert
from typing_extensions import override

from bot.domain.playlist_choice import OwnPlaylist
from bot.domain.playlists import PlaylistOutcomes, SavedPlaylist
from bot.domain.requests import Failure, FailureKind, State
from bot.domain.songs import DOUBLE_PRESS, LOVABLE_CLIPS, UNLOVED, Loves, Song
from bot.services.repositories.library import Library, Playlists, SongFilter, SongTitle
from bot.storage.repositories.request_mapping import request_of
from bot.storage.sql import SqlRepository, Upsert, upsert
from bot.storage.tables import IS_LISTED, IS_LOVED, IS_LOVED_AT_ALL, loves, playlists, requests

_r = requests.c
_l = loves.c
_OF_CLIP = [
    select(func.count())
    .where(_l.request_id == _r.id, _l.clip == clip, _l.is_loved)
    .correlate(requests)
    .scalar_subquery()
    for clip in range(1, LOVABLE_CLIPS + 1)
]
_LOVES = select(_r.id, _r.loves, *_OF_CLIP).where(_r.id.in_(bindparam("ids", expanding=True)), _r.loves > 0)
_LOCK_SONG = select(_r.id).where(_r.id == bindparam("of_id")).with_for_update()
_MIN_APART = int(DOUBLE_PRESS.total_seconds() * 1000) << 22
"""The least difference of two interactions' ids: above bit 22 they count milliseconds."""
_REMOVE = (
    update(requests)
    .where(_r.id == bindparam("of_id"), _r.removed_at.is_(None))
    .values(
        removed_at=bindparam("now"),
        lyrics=None,
        failure_kind=bindparam("kind"),
        failure_detail=bindparam("detail"),
    )
)
# the same rule as in `channel_of`
_CHANNEL = case((_r.result_channel_id == _r.delivery_channel_id, _r.result_channel_id), else_=_r.channel_id)


_HAS_ID = _r.id.in_(bindparam("ids", expanding=True))
_SONGS = select(requests).where(_HAS_ID)
_clips = type_coerce(_r.clips, JSON)
_TITLES = select(
    _r.id,
    _r.placed_at,
    # in the database: decoding the clips of hundreds of songs takes long
    *(_clips[(clip, "title")].as_string().label(name) for clip, name in enumerate(("first", "second"))),
).where(_HAS_ID)
_COUNT_LOVES = (
    update(requests)
    .where(_HAS_ID)
    .values(
        loves=select(func.count(distinct(_l.user_id)))
        .where(_l.request_id == _r.id, _l.is_loved)
        .scalar_subquery()
    )
)


def count_loves(conn: Connection, ids: Sequence[int]) -> None:
    """Store with the songs how many members love them, after loves were changed."""
    conn.execute(_COUNT_LOVES, {"ids": ids})


class SqlLibrary(SqlRepository, Library):
    """The songs and loves in one transaction."""

    @override
    def ids(self, song_filter: SongFilter) -> list[int]:
        if not song_filter.loved:
            chosen = _newest(song_filter, IS_LISTED).limit(song_filter.newest).subquery()
            return sorted(self._conn.scalars(_seen(chosen, song_filter)), reverse=True)
        newest = _newest(song_filter, IS_LOVED_AT_ALL).limit(song_filter.newest).subquery()
        most = _newest(song_filter, IS_LOVED).order_by(None).order_by(_r.loves.desc(), _r.id.desc())
        found: dict[int, int] = {}
        for chosen in (newest, most.limit(song_filter.most_loved).subquery()):
            rows = self._conn.execute(_seen(chosen, song_filter).add_columns(chosen.c.loves))
            found |= {row[0]: row[1] for row in rows}
        return sorted(found, key=lambda id_: (found[id_], id_), reverse=True)

    @override
    def songs(self, ids: Sequence[int]) -> list[Song]:
        rows = {row.id: row for row in self._conn.execute(_SONGS, {"ids": ids})}
        loved = self._loves(ids)
        return [Song(request_of(rows[id_]), loved.get(id_, UNLOVED)) for id_ in ids]

    @override
    def titles(self, ids: Sequence[int]) -> list[SongTitle]:
        rows = {row.id: row for row in self._conn.execute(_TITLES, {"ids": ids})}
        return [SongTitle(id_, rows[id_].first or rows[id_].second, rows[id_].placed_at) for id_ in ids]

    @override
    def loves(self, request_id: int) -> Loves:
        return self._loves([request_id]).get(request_id, UNLOVED)

    def _loves(self, ids: Sequence[int]) -> dict[int, Loves]:
        found = self._conn.execute(_LOVES, {"ids": ids})
        return {request_id: Loves(members, tuple(clips)) for request_id, members, *clips in found}

    @override
    def press_heart(
        self, request_id: int, clip: int, user_id: int, *, press_id: int, now: datetime
    ) -> bool | None:
        # two members' loves at once would each count without the other's, and both miss the showcase
        self._conn.execute(_LOCK_SONG, {"of_id": request_id})
        key = {"request_id": request_id, "clip": clip, "user_id": user_id}
        pressed = {"is_loved": True, "press_id": press_id, "at": now}
        changed = self._conn.execute(_press_heart(self._conn.dialect.name), key | pressed)
        is_loved: bool | None = changed.scalar_one_or_none()
        count_loves(self._conn, [request_id])
        return is_loved

    @override
    def remove(self, request_id: int, *, failure: Failure | None, now: datetime) -> bool:
        why = {"kind": failure.kind, "detail": failure.detail} if failure else {"kind": None, "detail": None}
        return self._conn.execute(_REMOVE, {"of_id": request_id, "now": now} | why).rowcount == 1


def _newest(song_filter: SongFilter, which: TextClause) -> Select[*tuple[Any, ...]]:
    """Return the query of a server's or a member's songs, newest first; `which` is an index's condition."""
    found = select(_r.id, _r.user_id, _r.ended_at, _r.loves, _CHANNEL.label("channel_id"))
    found = found.where(_r.guild_id == song_filter.guild_id, which)
    if song_filter.user_id is not None:
        found = found.where(_r.user_id == song_filter.user_id)
    return found.order_by(_r.id.desc())


def _seen(chosen: Subquery, song_filter: SongFilter) -> Select[int]:
    """Return the query of those of the songs that match the rest of the filter."""
    found, viewer = select(chosen.c.id), song_filter.viewer
    if viewer is not None:
        seen = chosen.c.channel_id.in_(sorted(viewer.channel_ids))
        found = found.where(or_(chosen.c.user_id == viewer.user_id, seen))
    if song_filter.since is not None:
        found = found.where(chosen.c.ended_at >= song_filter.since)
    return found


def _title(row: Row[*tuple[object, ...]]) -> SongTitle:
    return SongTitle(
        row.id, next((clip.title for clip in row.clips or () if clip.title), None), row.placed_at
    )


@cache
def _press_heart(dialect: str) -> ReturningInsert[bool]:
    """Return the statement that stores a press; one row keeps the last press, also after it took back."""
    statement = upsert(dialect, loves)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["request_id", "user_id", "clip"],
        set_={"is_loved": ~_l.is_loved, "press_id": new["press_id"], "at": new["at"]},
        where=new["press_id"] - _l.press_id >= _MIN_APART,
    ).returning(_l.is_loved)


USED_AT_PRECISION = timedelta(minutes=1)
"""The precision of a playlist's last use: requests that are placed at once need not wait for its row."""
_p = playlists.c
_PLAYLISTS = select(playlists).where(_p.guild_id == bindparam("guild"))
_HAS_KEY = (_p.guild_id == bindparam("guild")) & (_p.key == bindparam("of_key"))
_FIND_PLAYLIST = select(playlists).where(_HAS_KEY)
_NAME_OF = (
    select(_p.name)
    .where(_p.guild_id == bindparam("guild"), _p.playlist_id == bindparam("playlist"))
    .order_by(_p.key)
    .limit(1)
)
_REMOVE_PLAYLIST = delete(playlists).where(_HAS_KEY)
_OF_MEMBER = (
    # one state, so that the index gives them in this order and no history is sorted
    select(_r.id, _r.playlist_id, _r.clips, _r.placed_at)
    .where(
        _r.guild_id == bindparam("guild"),
        _r.user_id == bindparam("user"),
        _r.state == State.DELIVERED,
        _r.removed_at.is_(None),
        _r.playlist_id != "",
    )
    .order_by(_r.id.desc())
    .limit(bindparam("at_most"))
)
_MARK_USED = (
    update(playlists)
    .where(
        _p.guild_id == bindparam("guild"),
        _p.playlist_id == bindparam("playlist"),
        or_(_p.used_at.is_(None), _p.used_at < bindparam("used_before")),
    )
    .values(used_at=bindparam("now"))
)

COUNTS = ("songs", "loves", "failures", "last_failure", "failed_at")
"""The columns of what came of a playlist."""
_OF_PLAYLIST = update(playlists).where(
    _p.guild_id == bindparam("guild"), _p.playlist_id == bindparam("playlist")
)
_COUNT_SONG = _OF_PLAYLIST.values(songs=_p.songs + 1)
_COUNT_FAILURE = _OF_PLAYLIST.values(
    failures=_p.failures + 1, last_failure=bindparam("kind"), failed_at=bindparam("now")
)
_COUNT_LOVE = _OF_PLAYLIST.values(loves=_p.loves + 1)
# a love from before the playlist was saved was not counted
_COUNT_LOVE_BACK = _OF_PLAYLIST.where(_p.loves > 0).values(loves=_p.loves - 1)


class SqlPlaylists(SqlRepository, Playlists):
    """The saved playlists in one transaction."""

    @override
    def list(self, guild_id: int) -> list[SavedPlaylist]:
        return sorted(
            map(_playlist, self._conn.execute(_PLAYLISTS, {"guild": guild_id})), key=lambda one: one.key
        )

    @override
    def find(self, guild_id: int, key: str) -> SavedPlaylist | None:
        row = self._conn.execute(_FIND_PLAYLIST, {"guild": guild_id, "of_key": key}).first()
        return None if row is None else _playlist(row)

    @override
    def name_of(self, guild_id: int, playlist_id: str) -> str | None:
        terms = {"guild": guild_id, "playlist": playlist_id}
        name: str | None = self._conn.execute(_NAME_OF, terms).scalar()
        return name

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
            "songs": playlist.outcomes.songs,
            "loves": playlist.outcomes.loves,
            "failures": playlist.outcomes.failures,
            "last_failure": playlist.outcomes.last_failure,
            "failed_at": playlist.outcomes.failed_at,
        }
        self._conn.execute(_put_playlist(self._conn.dialect.name), row)

    @override
    def remove(self, guild_id: int, key: str) -> None:
        self._conn.execute(_REMOVE_PLAYLIST, {"guild": guild_id, "of_key": key})

    @override
    def of_member(self, guild_id: int, user_id: int, *, songs: int) -> Sequence[OwnPlaylist]:
        rows = self._conn.execute(_OF_MEMBER, {"guild": guild_id, "user": user_id, "at_most": songs})
        return [OwnPlaylist(row.playlist_id, _title(row).words) for row in rows]

    @override
    def mark_used(self, guild_id: int, playlist_id: str, *, now: datetime) -> None:
        terms = {
            "guild": guild_id,
            "playlist": playlist_id,
            "now": now,
            "used_before": now - USED_AT_PRECISION,
        }
        self._conn.execute(_MARK_USED, terms)

    @override
    def count_song(self, guild_id: int, playlist_id: str) -> None:
        self._conn.execute(_COUNT_SONG, {"guild": guild_id, "playlist": playlist_id})

    @override
    def count_failure(self, guild_id: int, playlist_id: str, kind: FailureKind, *, now: datetime) -> None:
        terms = {"guild": guild_id, "playlist": playlist_id, "kind": kind, "now": now}
        self._conn.execute(_COUNT_FAILURE, terms)

    @override
    def count_love(self, guild_id: int, playlist_id: str, *, taken_back: bool = False) -> None:
        counting = _COUNT_LOVE_BACK if taken_back else _COUNT_LOVE
        self._conn.execute(counting, {"guild": guild_id, "playlist": playlist_id})


def _playlist(row: Row[*tuple[object, ...]]) -> SavedPlaylist:
    return SavedPlaylist(
        name=row.name,
        playlist_id=row.playlist_id,
        added_by=row.added_by,
        added_at=row.added_at,
        used_at=row.used_at,
        outcomes=PlaylistOutcomes(
            songs=row.songs,
            loves=row.loves,
            failures=row.failures,
            last_failure=None if row.last_failure is None else FailureKind(row.last_failure),
            failed_at=row.failed_at,
        ),
    )


@cache
def _put_playlist(dialect: str) -> Upsert:
    statement = upsert(dialect, playlists)
    changed = ("name", "playlist_id", "added_by", "added_at", "used_at", *COUNTS)
    return statement.on_conflict_do_update(
        index_elements=["guild_id", "key"], set_={name: statement.excluded[name] for name in changed}
    )
