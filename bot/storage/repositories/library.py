"""The finished songs that were not removed, members' ratings, and the saved playlists."""

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Float,
    Row,
    Select,
    bindparam,
    case,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)
from typing_extensions import override

from bot.domain.playlists import SavedPlaylist
from bot.domain.songs import FINISHED, UNRATED, Rating, Song
from bot.services.repositories.library import Library, Playlists, SongFilter, SongTitle
from bot.storage.repositories.request_mapping import request_of
from bot.storage.sql import SqlRepository, Upsert, upsert
from bot.storage.tables import playlists, ratings, requests

_r = requests.c
_OF_SONG = ratings.c.request_id == bindparam("of_id")
_VOTES = func.count(ratings.c.stars)
_STARS = func.coalesce(func.sum(ratings.c.stars), 0)
_RATING = select(_VOTES, _STARS).where(_OF_SONG)
_RATINGS = (
    select(ratings.c.request_id, _VOTES, _STARS)
    .where(ratings.c.request_id.in_(bindparam("ids", expanding=True)))
    .group_by(ratings.c.request_id)
)
_REMOVE = (
    update(requests)
    .where(_r.id == bindparam("of_id"), _r.removed_at.is_(None))
    .values(removed_at=bindparam("now"))
)
# the same rule as in `channel_of`
_CHANNEL = case((_r.result_channel_id == _r.delivery_channel_id, _r.result_channel_id), else_=_r.channel_id)


class SqlLibrary(SqlRepository, Library):
    """The songs and ratings in one transaction."""

    @override
    def count(self, song_filter: SongFilter) -> int:
        found = select(_r.id).where(*_terms(song_filter))
        if song_filter.rated:
            found = found.where(_r.id.in_(select(ratings.c.request_id)))
        return int(self._conn.execute(select(func.count()).select_from(found.subquery())).scalar_one())

    @override
    def songs(self, song_filter: SongFilter, *, limit: int, offset: int = 0) -> list[Song]:
        chosen = _best(song_filter) if song_filter.rated else select(_r.id).where(*_terms(song_filter))
        ids = list(self._conn.scalars(chosen.order_by(_r.id.desc()).limit(limit).offset(offset)))
        if not ids:
            return []
        rows = {row.id: row for row in self._conn.execute(select(requests).where(_r.id.in_(ids)))}
        rated = {row[0]: Rating(row[1], int(row[2])) for row in self._conn.execute(_RATINGS, {"ids": ids})}
        return [Song(request_of(rows[id_]), rated.get(id_, UNRATED)) for id_ in ids]

    @override
    def titles(self, song_filter: SongFilter, *, limit: int) -> list[SongTitle]:
        columns = select(_r.id, _r.clips, _r.placed_at).where(*_terms(song_filter))
        return [_title(row) for row in self._conn.execute(columns.order_by(_r.id.desc()).limit(limit))]

    @override
    def rating(self, request_id: int) -> Rating:
        votes, stars = self._conn.execute(_RATING, {"of_id": request_id}).one()
        return Rating(votes, int(stars))

    @override
    def rate(self, request_id: int, user_id: int, stars: int, *, now: datetime) -> None:
        vote = {"request_id": request_id, "user_id": user_id, "stars": stars, "at": now}
        self._conn.execute(_vote(self._conn.dialect.name), vote)

    @override
    def remove(self, request_id: int, *, now: datetime) -> bool:
        return self._conn.execute(_REMOVE, {"of_id": request_id, "now": now}).rowcount == 1


def _terms(song_filter: SongFilter) -> list[ColumnElement[bool]]:
    terms: list[ColumnElement[bool]] = [
        _r.guild_id == song_filter.guild_id,
        _r.state.in_(sorted(FINISHED)),
        _r.removed_at.is_(None),
    ]
    if song_filter.user_id is not None:
        terms.append(_r.user_id == song_filter.user_id)
    if song_filter.viewer is not None:
        seen = _CHANNEL.in_(sorted(song_filter.viewer.channel_ids))
        terms.append(or_(_r.user_id == song_filter.viewer.user_id, seen))
    if song_filter.since is not None:
        terms.append(_r.ended_at >= song_filter.since)
    return terms


def _best(song_filter: SongFilter) -> Select[int]:
    """Return the query of rated songs, by their average rating, then by the number of votes."""
    average = cast(_STARS, Float) / _VOTES
    joined = select(_r.id).join(ratings, ratings.c.request_id == _r.id).where(*_terms(song_filter))
    return joined.group_by(_r.id).order_by(average.desc(), _VOTES.desc())


def _title(row: Row[*tuple[object, ...]]) -> SongTitle:
    return SongTitle(
        row.id, next((clip.title for clip in row.clips or () if clip.title), None), row.placed_at
    )


@cache
def _vote(dialect: str) -> Upsert:
    statement = upsert(dialect, ratings)
    return statement.on_conflict_do_update(
        index_elements=["request_id", "user_id"],
        set_={name: statement.excluded[name] for name in ("stars", "at")},
    )


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
_MARK_USED = (
    update(playlists)
    .where(
        _p.guild_id == bindparam("guild"),
        _p.playlist_id == bindparam("playlist"),
        or_(_p.used_at.is_(None), _p.used_at < bindparam("used_before")),
    )
    .values(used_at=bindparam("now"))
)


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
        }
        self._conn.execute(_put_playlist(self._conn.dialect.name), row)

    @override
    def remove(self, guild_id: int, key: str) -> None:
        self._conn.execute(_REMOVE_PLAYLIST, {"guild": guild_id, "of_key": key})

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
def _put_playlist(dialect: str) -> Upsert:
    statement = upsert(dialect, playlists)
    changed = ("name", "playlist_id", "added_by", "added_at", "used_at")
    return statement.on_conflict_do_update(
        index_elements=["guild_id", "key"], set_={name: statement.excluded[name] for name in changed}
    )
