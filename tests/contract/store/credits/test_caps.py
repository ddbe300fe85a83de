"""The contract of every store for the owner's caps: nothing passes them, and nothing is counted twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.caps import ALL_GUILDS, Cap, CapConfig
from bot.domain.errors import CapError
from bot.domain.quotas import Period, window_of
from bot.domain.song_options import SongOptions
from bot.domain.spending import Spending
from bot.domain.transitions import Transition
from bot.services.credits.caps import caps_of
from bot.services.repositories.usage import Use
from bot.services.requests.placement import SongConfig
from bot.services.requests.service import RequestService
from bot.services.requests.transitions import apply_transition, get_request
from bot.services.spending import period_spending
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.contract.store.factories import PLAYLIST, RULES, asked, told
from tests.harness.databases import ledger_breaches
from tests.unit.storage.databases import column
from tests.unit.storage.factories import GUILD, NOW, USER

MONTH_END = window_of(Period.MONTH, NOW).ends_at
ELSEWHERE = GUILD + 1


class Songs:
    """A service for each set of caps, and a time that the test sets."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.now = NOW
        self.number = 0
        self.caps = CapConfig()

    @property
    def config(self) -> SongConfig:
        policy = replace(RULES.policy, allowance=1_000_000, max_active=1000)
        return replace(RULES, policy=policy, caps=self.caps)

    async def place(self, guild: int = GUILD, user: int = USER) -> int:
        self.number += 1
        service = RequestService(self.store, config=self.config, clock=lambda: self.now)
        context = asked(self.number, user=user, guild=guild)
        await service.place(SongOptions(playlist=PLAYLIST), context)
        return self.number

    async def cancel(self, request_id: int) -> None:
        await self.store.write(
            lambda uow: apply_transition(uow, get_request(uow, request_id), Transition.CANCEL, now=self.now)
        )

    async def finish(self, request_id: int) -> None:
        def unit(uow: UnitOfWork) -> None:
            request = get_request(uow, request_id)
            for transition in (Transition.CLAIM, Transition.ACCEPT, Transition.FINISH, Transition.DELIVER):
                request = apply_transition(uow, request, transition, now=self.now)
            told(uow, request_id)

        await self.store.write(unit)

    async def set_own(self, credits_: int | None, guild: int = GUILD) -> None:
        def unit(uow: UnitOfWork) -> None:
            uow.guilds.get_for_update(guild)
            (record,) = uow.caps.find(guild)
            uow.caps.put(guild, replace(record, credits=credits_))

        await self.store.write(unit)

    async def spent(self, guild: int = GUILD) -> Sequence[int]:
        """Return what is spent of each cap that is in force."""
        caps: Sequence[Cap] = await self.store.read(lambda uow: caps_of(uow, guild, self.caps, self.now))
        return [cap.spent for cap in caps]

    async def refused_by(self, guild: int = GUILD) -> Cap:
        with pytest.raises(CapError) as caught:
            await self.place(guild)
        return caught.value.cap


@pytest.fixture
def songs(store: SqlStore) -> Songs:
    return Songs(store)


async def at_once(songs: Songs, count: int, guilds: int) -> int:
    """Place requests by different members at the same time; return how many were accepted."""
    answers = await asyncio.gather(
        *(songs.place(GUILD + number % guilds, USER + number) for number in range(count)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [answer for answer in refused if not isinstance(answer, CapError)] == []
    return count - len(refused)


class TestCaps:
    async def test_of_many_at_once_from_many_servers_only_those_under_the_total_cap_pass(
        self, songs: Songs
    ) -> None:
        songs.caps = CapConfig(total=325)
        assert await at_once(songs, 500, guilds=50) == 10
        assert await songs.spent() == [300]
        assert await ledger_breaches(songs.store) == []

    async def test_of_many_at_once_in_a_server_only_those_under_its_cap_pass(self, songs: Songs) -> None:
        songs.caps = CapConfig(server=100, total=1000)
        assert await at_once(songs, 90, guilds=2) == 6
        assert await songs.spent() == [90, 180]
        assert await songs.spent(ELSEWHERE) == [90, 180]
        assert await ledger_breaches(songs.store) == []

    async def test_a_refund_returns_to_both_caps_and_what_was_used_stays(self, songs: Songs) -> None:
        songs.caps = CapConfig(server=60, total=60)
        first, second = await songs.place(), await songs.place()
        await songs.refused_by()
        await songs.cancel(first)
        await songs.finish(second)
        assert await songs.spent() == [30, 30]
        await songs.place()
        assert (await songs.refused_by()).left == 0
        assert await ledger_breaches(songs.store) == []

    async def test_a_refund_of_the_last_window_is_not_one_of_this_window(self, songs: Songs) -> None:
        songs.caps = CapConfig(server=30)
        first = await songs.place()
        songs.now = MONTH_END
        await songs.place()
        await songs.cancel(first)
        assert await songs.spent() == [30]
        cap = await songs.refused_by()
        assert (cap.left, cap.window.starts_at) == (0, MONTH_END)

    @pytest.mark.parametrize("scope", [GUILD, ALL_GUILDS])
    async def test_what_was_spent_before_a_cap_in_the_same_period_counts(
        self, songs: Songs, scope: int
    ) -> None:
        await songs.finish(await songs.place())
        await songs.cancel(await songs.place())
        await songs.place()
        songs.caps = CapConfig(total=100) if scope == ALL_GUILDS else CapConfig(server=100)
        assert await songs.spent() == [60]
        songs.now += timedelta(seconds=1)
        await songs.place()
        assert await songs.spent() == [90]
        assert (await songs.refused_by()).guild_id == scope
        songs.now = MONTH_END
        assert await songs.spent() == [0]
        await songs.place()
        assert await songs.spent() == [30]
        assert await ledger_breaches(songs.store) == []

    async def test_a_cap_below_what_is_used_stops_further_songs_only(self, songs: Songs) -> None:
        for _ in range(3):
            await songs.place()
        await songs.set_own(50)
        cap = await songs.refused_by()
        assert (cap.credits, cap.spent, cap.left, cap.is_total) == (50, 90, 0, False)
        await songs.place(ELSEWHERE)
        await songs.set_own(0)
        assert (await songs.refused_by()).credits == 0
        await songs.set_own(120)
        await songs.place()
        assert await songs.spent() == [120]

    async def test_a_servers_own_cap_replaces_that_of_the_settings_until_it_is_cleared(
        self, songs: Songs
    ) -> None:
        songs.caps = CapConfig(server=30)
        await songs.set_own(60)
        await songs.place()
        await songs.place()
        await songs.refused_by()
        await songs.set_own(None)
        assert (await songs.refused_by()).spent == 60
        songs.caps = CapConfig()
        await songs.place()
        assert await songs.spent() == []

    async def test_songs_without_a_cap_count_when_there_is_one_again(self, songs: Songs) -> None:
        await songs.set_own(300)
        await songs.place()
        await songs.set_own(None)
        await songs.place()
        assert await column(songs.store, "SELECT count(*) FROM credit_caps WHERE period IS NULL") == [1]
        await songs.set_own(100)
        assert await songs.spent() == [60]
        await songs.place()
        await songs.refused_by()
        assert await ledger_breaches(songs.store) == []

    async def test_a_period_changed_in_the_middle_counts_what_was_used_in_the_same_one(
        self, songs: Songs
    ) -> None:
        songs.caps = CapConfig(server=1000, total=1000)
        monday = window_of(Period.WEEK, NOW).starts_at
        songs.now = monday - timedelta(days=1)
        await songs.finish(await songs.place())
        songs.now = NOW
        await songs.finish(await songs.place())
        songs.caps = replace(songs.caps, period=Period.WEEK)
        assert await songs.spent() == [30, 30]
        await songs.place()
        assert await songs.spent() == [60, 60]
        songs.caps = replace(songs.caps, period=Period.MONTH)
        assert await songs.spent() == [90, 90]
        await songs.place()
        assert await songs.spent() == [120, 120]
        assert await ledger_breaches(songs.store) == []

    async def test_a_refused_request_opens_a_cap_once(self, songs: Songs) -> None:
        await songs.place()
        songs.caps = CapConfig(server=10)
        for _ in range(2):
            await songs.refused_by()
            (opened,) = await column(songs.store, "SELECT spent_before FROM credit_caps")
            assert opened == 30
            songs.now += timedelta(hours=1)
        assert len(await column(songs.store, "SELECT DISTINCT opened_at FROM credit_caps")) == 1

    async def test_what_each_server_spends_is_what_it_used_and_has_on_hold(self, songs: Songs) -> None:
        songs.now = MONTH_END - timedelta(days=1)
        await songs.place()
        songs.now = MONTH_END
        await songs.finish(await songs.place())
        await songs.cancel(await songs.place())
        songs.now += timedelta(minutes=1)
        await songs.place()
        await songs.place(ELSEWHERE)
        assert await songs.store.read(lambda uow: uow.requests.on_hold(since=MONTH_END)) == {
            GUILD: Spending(songs=1, credits=30, last_at=songs.now),
            ELSEWHERE: Spending(songs=1, credits=30, last_at=songs.now),
        }
        assert await songs.store.read(lambda uow: uow.usage.by_guild(MONTH_END.date())) == {
            GUILD: Use(1, 30, 2)
        }
        spent = await songs.store.read(lambda uow: period_spending(uow, CapConfig(), songs.now))
        assert (spent.songs, spent.credits) == (3, 90)
        assert await songs.store.read(lambda uow: uow.guilds.last_turns()) == {GUILD: MONTH_END}

    async def test_a_server_whose_data_was_erased_has_its_cap_when_it_comes_back(self, songs: Songs) -> None:
        await songs.set_own(60)
        await songs.finish(await songs.place())

        def unit(uow: UnitOfWork) -> int | None:
            uow.guilds.mark_left((GUILD,), at=NOW)
            uow.cleanup.erase_guild_requests(GUILD, limit=100)
            return uow.cleanup.erase_guild(GUILD, before=NOW, now=NOW, limit=99)

        assert await songs.store.write(unit) is not None
        assert await songs.spent() == [30]
        await songs.place()
        await songs.refused_by()

    async def test_the_owner_is_told_each_occasion_once(self, store: SqlStore) -> None:
        async def mark(occasion: str, percent: int) -> bool:
            return await store.write(lambda uow: uow.caps.mark_told(GUILD, occasion, percent))

        assert [await mark("a", 80), await mark("a", 80), await mark("a", 100)] == [True, False, True]
        assert [await mark("a", 80), await mark("b", 80)] == [False, True]
        assert await store.read(lambda uow: uow.caps.own()) == {}

    async def test_the_servers_with_a_cap_of_their_own_are_known(self, songs: Songs) -> None:
        await songs.set_own(60)
        await songs.set_own(0, ELSEWHERE)
        await songs.set_own(None, GUILD + 2)
        own = await songs.store.read(lambda uow: uow.caps.own())
        assert {guild: record.credits for guild, record in own.items()} == {GUILD: 60, ELSEWHERE: 0}
