from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from benchmarks.harness.year import CHANNEL, HEAVY, MEMBERS, YearBuilder
from bot.domain.errors import StoreError
from bot.domain.songs import TopPeriod, Viewer
from bot.services.privacy.erasure import BEGUN, CHUNK
from bot.services.privacy.retention import CleanupHandler, CleanupTask, RetentionConfig
from bot.services.unit_of_work import NamedUnit, UnitOfWork
from bot.storage.tables import guilds, requests
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.harness.services import GUILD, ServicesHarness

SONGS, LOVER = 4 * CHUNK, HEAVY + MEMBERS + 1
SEEN = Viewer(guild_id=GUILD, user_id=HEAVY, channel_ids=frozenset({CHANNEL}))


async def fill(harness: ServicesHarness) -> None:
    """Make many songs, half of them of one member."""

    def unit(uow: UnitOfWork) -> None:
        assert isinstance(uow, SqlUnitOfWork)
        YearBuilder(uow.connection, SONGS, harness.clock.now, small_servers=1, busiest=2).build()

    await harness.store.write(unit)


async def named(harness: ServicesHarness, user_id: int) -> int:
    """Return how many requests name the member."""

    def unit(uow: UnitOfWork) -> int:
        assert isinstance(uow, SqlUnitOfWork)
        mine = select(func.count()).where(requests.c.user_id == user_id)
        return uow.connection.execute(mine).scalar_one()

    return await harness.store.read(unit)


async def test_an_erasure_is_many_short_units_and_goes_on_after_a_restart(harness: ServicesHarness) -> None:
    await fill(harness)
    assert (await harness.services.privacy.preview(HEAVY)).requests == SONGS // 2
    harness.faults.lose("privacy.erase_chunk", error=StoreError("killed"))
    with pytest.raises(StoreError):
        await harness.services.privacy.erase(HEAVY)
    harness.faults.end()
    assert await named(harness, HEAVY) == SONGS // 2 - CHUNK
    assert await harness.breaches() == []
    assert len(await harness.store.read(lambda uow: uow.key_values.find(BEGUN))) == 1

    cleanup = CleanupHandler(harness.faulty_store, config=RetentionConfig(), clock=harness.clock)
    await cleanup.handle(CleanupTask.DATA)
    assert await named(harness, HEAVY) == 0
    assert await harness.store.read(lambda uow: uow.key_values.find(BEGUN)) == {}


async def test_the_loves_of_an_erased_member_count_no_longer(harness: ServicesHarness) -> None:
    await fill(harness)
    before = (await harness.library.best(SEEN, TopPeriod.ALL, 0)).total
    assert (await harness.services.privacy.erase(LOVER)).loves > 0
    assert (await harness.library.best(SEEN, TopPeriod.ALL, 0)).total < before


async def test_a_server_that_was_left_is_erased_in_many_units(harness: ServicesHarness) -> None:
    await fill(harness)

    def leave(uow: UnitOfWork) -> None:
        assert isinstance(uow, SqlUnitOfWork)
        left_at = harness.clock.now - timedelta(days=RetentionConfig().guild_days + 1)
        uow.connection.execute(update(guilds).where(guilds.c.guild_id == GUILD).values(left_at=left_at))

    def left(uow: UnitOfWork) -> int:
        assert isinstance(uow, SqlUnitOfWork)
        found = select(func.count()).where(guilds.c.guild_id == GUILD)
        return uow.connection.execute(found).scalar_one()

    await harness.store.write(NamedUnit("tests.leave", leave))
    cleanup = CleanupHandler(harness.store, config=RetentionConfig(), clock=harness.clock)
    await cleanup.handle(CleanupTask.DATA)
    assert await harness.store.read(left) == 0
    assert await harness.breaches() == []
