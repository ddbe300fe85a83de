"""The contract of every store for saved playlists, finished songs and loves."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from bot.domain.errors import StoreError
from bot.domain.playlist_choice import OwnPlaylist
from bot.domain.playlists import NO_OUTCOMES, PlaylistOutcomes, SavedPlaylist
from bot.domain.requests import Failure, FailureKind, Request, State
from bot.domain.songs import Loves
from bot.domain.transitions import Transition
from bot.services.repositories.library import SongFilter
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.unit.storage.factories import (
    CLIP,
    COST,
    GUILD,
    NOW,
    SPEC,
    USER,
    add,
    after,
    brought_to,
    new_request,
)

DAY_S = 86_400
SECOND = 1000 << 22
"""In Discord's ids."""
PRESS = 10**18
IDS = ("0b8dbbf0-0000-4000-8000-000000000001", "0b8dbbf0-0000-4000-8000-000000000002")

TOO_LOUD = Failure(FailureKind.MODERATOR, "too loud")


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

    async def test_the_playlists_of_a_members_newest_songs_are_found(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork) -> None:
            for number in range(1, 7):
                user = USER + 1 if number == 4 else USER
                placed = uow.requests.add(new_request(number, user=user))
                ready = brought_to(uow, placed, State.READY)
                if number != 3:
                    uow.requests.transition(ready, Transition.DELIVER)
            uow.library.remove(2, failure=None, now=NOW)

        await store.write(unit)
        for songs, numbers in ((9, 3), (2, 2)):
            found = await store.read(
                lambda work, most: work.playlists.of_member(GUILD, USER, songs=most), songs
            )
            assert list(found) == [OwnPlaylist(SPEC.playlist_id, None)] * numbers
        assert await store.read(lambda work: work.playlists.of_member(GUILD + 1, USER, songs=9)) == []

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

    async def test_what_came_of_a_playlist_is_counted_under_every_name(self, store: SqlStore) -> None:
        await self.put(store, saved("a"), saved("b"), saved("other", playlist_id=IDS[1]))

        def unit(uow: UnitOfWork) -> None:
            for _ in range(2):
                uow.playlists.count_song(GUILD, IDS[0])
                uow.playlists.count_love(GUILD, IDS[0])
            uow.playlists.count_love(GUILD, IDS[0], taken_back=True)
            uow.playlists.count_love(GUILD, IDS[1], taken_back=True)
            uow.playlists.count_failure(GUILD, IDS[0], FailureKind.PROVIDER, now=NOW)
            uow.playlists.count_failure(GUILD, IDS[0], FailureKind.MODERATED, now=after(1))
            uow.playlists.count_song(GUILD + 1, IDS[0])

        await store.write(unit)
        counted = PlaylistOutcomes(
            songs=2, loves=1, failures=2, last_failure=FailureKind.MODERATED, failed_at=after(1)
        )
        known = {one.name: one.outcomes for one in await self.all_of(store)}
        assert known == {"a": counted, "b": counted, "other": NO_OUTCOMES}
        await self.put(store, saved("A", playlist_id=IDS[1]))
        assert (await self.all_of(store))[0].outcomes == NO_OUTCOMES, "it is another playlist"


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

    async def ids(self, store: SqlStore, wanted: SongFilter) -> list[int]:
        return await store.read(lambda work: work.library.ids(wanted))

    async def love(self, store: SqlStore, request_id: int, *users: int, clip: int = 1) -> None:
        def unit(uow: UnitOfWork) -> None:
            for user in users:
                assert uow.library.press_heart(request_id, clip, USER + user, press_id=PRESS, now=NOW)

        await store.write(unit)

    async def test_finished_songs_are_listed_newest_first(self, store: SqlStore) -> None:
        await self.deliver(store, 3, 1)
        await self.deliver(store, 2, user=USER + 1)
        await self.deliver(store, 4, guild=GUILD + 1)
        await store.write(add, 5)
        here = SongFilter(guild_id=GUILD)
        assert await self.ids(store, here) == [3, 2, 1]
        assert await self.ids(store, replace(here, user_id=USER)) == [3, 1]
        assert await self.ids(store, replace(here, since=after(2))) == [3, 2]
        assert await store.read(lambda work: work.library.songs([])) == []
        titles = await store.read(lambda work: work.library.titles([3, 2]))
        assert [(title.request_id, title.words, title.placed_at) for title in titles] == [
            (3, "Rain 3", NOW),
            (2, "Rain 2", NOW),
        ]

    async def test_the_songs_of_most_members_come_first_then_the_newest(self, store: SqlStore) -> None:
        await self.deliver(store, 1, 2, 3, 4, 5, 6)
        for request_id, users in {1: (4, 5), 2: (4, 6), 3: (4, 5, 6), 4: (5,), 5: ()}.items():
            await self.love(store, request_id, *users)
        await self.love(store, 4, 5, clip=2)
        best = SongFilter(guild_id=GUILD, loved=True)
        assert await self.ids(store, best) == [3, 2, 1, 4]
        assert await self.ids(store, replace(best, since=after(3))) == [3, 4]
        songs = await store.read(lambda work: work.library.songs([3, 2, 1, 4]))
        assert [song.request.id for song in songs] == [3, 2, 1, 4]
        assert [song.loves for song in songs] == [
            Loves(3, (3, 0)),
            Loves(2, (2, 0)),
            Loves(2, (2, 0)),
            Loves(1, (1, 1)),
        ]

    async def test_of_many_songs_the_newest_and_the_most_loved_are_listed(self, store: SqlStore) -> None:
        await self.deliver(store, *range(1, 9))
        for request_id, users in {1: (4, 5), 2: (4, 5, 6), 3: (4,), 5: (4,), 6: (4,), 7: (5,)}.items():
            await self.love(store, request_id, *users)
        here = SongFilter(guild_id=GUILD, newest=3, most_loved=2)
        assert await self.ids(store, here) == [8, 7, 6]
        assert await self.ids(store, replace(here, loved=True)) == [2, 1, 7, 6, 5]
        assert await self.ids(store, replace(here, loved=True, since=after(6))) == [7, 6]

    async def test_what_songs_used_is_added_up(self, store: SqlStore) -> None:
        await self.deliver(store, 1, 2, DAY_S)
        await self.deliver(store, 3, user=USER + 1)
        await self.deliver(store, 4, guild=GUILD + 1)
        for guild in (GUILD, GUILD + 1):
            await store.write(lambda work, guild: work.members.record_turn(guild, USER, now=NOW), guild)
        assert await store.read(lambda work: work.requests.used_since(after(2))) == 4 * COST
        assert await store.read(lambda work: work.requests.used_since(after(DAY_S + 1))) == 0

    async def press(self, store: SqlStore, press_id: int, *, user: int = USER, clip: int = 1) -> Loves:
        def unit(uow: UnitOfWork) -> Loves:
            uow.library.press_heart(1, clip, user, press_id=press_id, now=NOW)
            return uow.library.loves(1)

        return await store.write(unit)

    async def test_members_love_a_clip_once_however_many_press_at_once(self, store: SqlStore) -> None:
        await self.deliver(store, 1)
        assert await store.read(lambda work: work.library.loves(1)) == Loves()
        await asyncio.gather(*(self.press(store, PRESS + n, user=USER + n % 10) for n in range(50)))
        assert await store.read(lambda work: work.library.loves(1)) == Loves(10, (10, 0))

    async def test_a_press_counts_once_and_the_next_one_takes_it_back(self, store: SqlStore) -> None:
        await self.deliver(store, 1)
        assert await self.press(store, PRESS) == Loves(1, (1, 0))
        assert await self.press(store, PRESS, clip=2) == Loves(1, (1, 1))
        for same in (PRESS, PRESS + 1, PRESS + 2 * SECOND - 1, PRESS - 9 * SECOND):
            assert await self.press(store, same) == Loves(1, (1, 1))
        for same in (PRESS + 2 * SECOND, PRESS + 3 * SECOND, PRESS):
            assert await self.press(store, same) == Loves(1, (0, 1))
        assert await self.press(store, PRESS + 4 * SECOND) == Loves(1, (1, 1))
        for clip in (1, 2):
            await self.press(store, PRESS + 6 * SECOND, clip=clip)
        assert await store.read(lambda work: work.library.loves(1)) == Loves()
        assert await self.ids(store, SongFilter(guild_id=GUILD, loved=True)) == []

    @pytest.mark.parametrize("clip", [0, 3])
    async def test_the_first_two_clips_can_be_loved(self, store: SqlStore, clip: int) -> None:
        await self.deliver(store, 1)
        with pytest.raises(StoreError):
            await self.press(store, PRESS, clip=clip)

    async def test_a_song_is_taken_away_once_and_leaves_the_lists(self, store: SqlStore) -> None:
        await self.deliver(store, 1, 2)
        await self.love(store, 1, 5)
        done = await asyncio.gather(
            *(
                store.write(lambda work: work.library.remove(1, failure=TOO_LOUD, now=after(9)))
                for _ in range(10)
            )
        )
        assert sorted(done) == [False] * 9 + [True]
        found = await store.read(lambda work: work.requests.find(1))
        assert found
        assert (found.removed_at, found.failure) == (after(9), TOO_LOUD)
        assert await self.ids(store, SongFilter(guild_id=GUILD)) == [2]
        assert await self.ids(store, SongFilter(guild_id=GUILD, loved=True)) == []
