"""The contract of every store for saved playlists, finished songs and votes."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from bot.domain.errors import StoreError
from bot.domain.playlists import SavedPlaylist
from bot.domain.requests import Request, State
from bot.domain.songs import Rating
from bot.domain.transitions import Transition
from bot.services.repositories.library import SongFilter
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.unit.storage.factories import CLIP, GUILD, NOW, USER, add, after, brought_to, new_request

IDS = ("0b8dbbf0-0000-4000-8000-000000000001", "0b8dbbf0-0000-4000-8000-000000000002")


def saved(name: str, *, playlist_id: str = IDS[0], used_at: datetime | None = None) -> SavedPlaylist:
    return SavedPlaylist(name=name, playlist_id=playlist_id, added_by=USER, added_at=NOW, used_at=used_at)


class TestPlaylists:
    async def put(self, store: SqlStore, *playlists: SavedPlaylist, guild: int = GUILD) -> None:
        def unit(uow: UnitOfWork) -> None:
            for playlist in playlists:
                uow.playlists.put(guild, playlist)

        await store.write(unit)

    async def all_of(self, store: SqlStore, guild: int = GUILD) -> list[SavedPlaylist]:
        return await store.read(lambda work: work.playlists.list(guild))

    async def test_they_are_listed_by_name_and_each_server_has_its_own(self, store: SqlStore) -> None:
        beats, emoji, longest = saved("Beats"), saved("🎵 été"), saved("ẞ" * 50, used_at=after(1))
        await self.put(store, longest, emoji, beats)
        await self.put(store, saved("Beats", playlist_id=IDS[1]), guild=GUILD + 1)
        assert await self.all_of(store) == [beats, longest, emoji]
        assert await store.read(lambda work: work.playlists.find(GUILD, "beats")) == beats
        assert await store.read(lambda work: work.playlists.find(GUILD, "Beats")) is None
        assert await self.all_of(store, GUILD + 2) == []

    async def test_a_name_means_one_playlist_whatever_its_case(self, store: SqlStore) -> None:
        await self.put(store, saved("Beats", used_at=NOW), saved("BEATS", playlist_id=IDS[1]))
        assert await self.all_of(store) == [saved("BEATS", playlist_id=IDS[1])]
        await store.write(lambda work: work.playlists.remove(GUILD, "beats"))
        await store.write(lambda work: work.playlists.remove(GUILD, "beats"))
        assert await self.all_of(store) == []

    async def test_a_use_is_known_to_the_minute_under_every_name(self, store: SqlStore) -> None:
        await self.put(store, saved("a"), saved("b"), saved("other", playlist_id=IDS[1]))
        for seconds, known in ((0, 0), (59, 0), (61, 61)):
            await store.write(
                lambda work, at: work.playlists.mark_used(GUILD, IDS[0], now=at), after(seconds)
            )
            used = [playlist.used_at for playlist in await self.all_of(store)]
            assert used == [after(known), after(known), None]


class TestSongs:
    async def deliver(self, store: SqlStore, *request_ids: int, user: int = USER, guild: int = GUILD) -> None:
        """Add finished songs, each as many seconds after `NOW` as its id says."""

        def unit(uow: UnitOfWork, request_id: int) -> Request:
            placed = uow.requests.add(new_request(request_id, user=user, guild=guild))
            making = brought_to(uow, placed, State.MAKING)
            clips = (replace(CLIP, title=f"Rain {request_id}"),)
            ready = uow.requests.transition(
                making, Transition.FINISH, clips=clips, ended_at=after(request_id)
            )
            return uow.requests.transition(ready, Transition.DELIVER)

        for request_id in request_ids:
            await store.write(unit, request_id)

    async def ids(
        self, store: SqlStore, wanted: SongFilter, *, limit: int = 100, offset: int = 0
    ) -> list[int]:
        songs = await store.read(lambda work: work.library.songs(wanted, limit=limit, offset=offset))
        return [song.request.id for song in songs]

    async def rate(self, store: SqlStore, request_id: int, *stars: int) -> None:
        def unit(uow: UnitOfWork) -> None:
            for user, count in enumerate(stars):
                uow.library.rate(request_id, USER + user, count, now=NOW)

        await store.write(unit)

    async def test_finished_songs_are_listed_newest_first(self, store: SqlStore) -> None:
        await self.deliver(store, 3, 1)
        await self.deliver(store, 2, user=USER + 1)
        await self.deliver(store, 4, guild=GUILD + 1)
        await store.write(add, 5)
        here = SongFilter(guild_id=GUILD)
        assert await self.ids(store, here) == [3, 2, 1]
        assert await self.ids(store, here, limit=1, offset=1) == [2]
        assert await self.ids(store, here, offset=3) == []
        assert await self.ids(store, replace(here, user_id=USER)) == [3, 1]
        assert await self.ids(store, replace(here, since=after(2))) == [3, 2]
        assert await store.read(lambda work: work.library.count(here)) == 3
        titles = await store.read(lambda work: work.library.titles(SongFilter(guild_id=GUILD), limit=2))
        assert [(title.request_id, title.words, title.placed_at) for title in titles] == [
            (3, "Rain 3", NOW),
            (2, "Rain 2", NOW),
        ]

    async def test_the_best_come_first_then_more_votes_then_the_newest(self, store: SqlStore) -> None:
        await self.deliver(store, 1, 2, 3, 4, 5, 6)
        for request_id, stars in {1: (4, 5), 2: (4, 5), 3: (4, 5, 4, 5), 4: (5,), 5: (1, 1, 2)}.items():
            await self.rate(store, request_id, *stars)
        best = SongFilter(guild_id=GUILD, rated=True)
        assert await self.ids(store, best) == [4, 3, 2, 1, 5]
        assert await self.ids(store, replace(best, since=after(3))) == [4, 3, 5]
        assert await store.read(lambda work: work.library.count(best)) == 5
        (first, *_) = await store.read(lambda work: work.library.songs(best, limit=1, offset=1))
        assert first.rating == Rating(votes=4, stars=18)

    async def test_members_have_one_vote_each_however_many_vote_at_once(self, store: SqlStore) -> None:
        await self.deliver(store, 1)

        def vote(uow: UnitOfWork, user: int, stars: int) -> Rating:
            uow.library.rate(1, user, stars, now=NOW)
            return uow.library.rating(1)

        assert await store.read(lambda work: work.library.rating(1)) == Rating()
        await asyncio.gather(*(store.write(vote, USER + n % 10, 1 + n % 5) for n in range(50)))
        assert await store.read(lambda work: work.library.rating(1)) == Rating(votes=10, stars=30)
        assert await store.write(vote, USER, 5) == Rating(votes=10, stars=34)

    @pytest.mark.parametrize("stars", [0, 6])
    async def test_a_vote_is_one_to_five_stars(self, store: SqlStore, stars: int) -> None:
        await self.deliver(store, 1)
        with pytest.raises(StoreError):
            await self.rate(store, 1, stars)

    async def test_a_song_is_taken_away_once_and_leaves_the_lists(self, store: SqlStore) -> None:
        await self.deliver(store, 1, 2)
        await self.rate(store, 1, 5)
        done = await asyncio.gather(
            *(store.write(lambda work: work.library.remove(1, now=after(9))) for _ in range(10))
        )
        assert sorted(done) == [False] * 9 + [True]
        found = await store.read(lambda work: work.requests.find(1))
        assert found
        assert found.removed_at == after(9)
        assert await self.ids(store, SongFilter(guild_id=GUILD)) == [2]
        assert await self.ids(store, SongFilter(guild_id=GUILD, rated=True)) == []
        assert (
            len(await store.read(lambda work: work.library.titles(SongFilter(guild_id=GUILD), limit=9))) == 1
        )
