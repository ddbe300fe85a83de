"""The PostgreSQL store only: units that are retried, and commits of unknown outcome."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.util import await_only

from bot.domain.errors import StoreError
from bot.domain.requests import State
from bot.domain.transitions import Transition
from bot.services.audit_log import Actor
from bot.services.library.songs import SongLibrary
from bot.services.unit_of_work import UnitOfWork
from bot.storage.postgres.engine import POOL_SIZE
from bot.storage.postgres.store import ATTEMPTS, PostgresStore
from bot.storage.postgres.url import PostgresUrl
from bot.storage.store import SqlStore, open_store
from bot.storage.timings import StorageTimings
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.fakes.media import FakeMedia
from tests.harness.databases import execute, ledger_breaches
from tests.unit.storage.databases import column
from tests.unit.storage.factories import CLIP, GUILD, NOW, add, brought_to, new_request, placed
from tests.unit.storage.postgres.cut_connection import COMMIT, proxy_to

COUNT = "SELECT count(*) FROM requests"
HANG_UP = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'inspire' AND datname = current_database()"
)
"""The setting is made for the database: other tests use other databases of the same server."""


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[SqlStore]:
    async with open_store(postgres_url) as opened:
        yield opened


def say(uow: UnitOfWork, statement: str) -> object:
    assert isinstance(uow, SqlUnitOfWork)
    return uow.connection.execute(text(statement)).scalar()


def fail(uow: UnitOfWork, code: str) -> None:
    assert isinstance(uow, SqlUnitOfWork)
    statement = f"DO $$ BEGIN RAISE EXCEPTION 'said by the server' USING ERRCODE = '{code}'; END $$"
    uow.connection.exec_driver_sql(statement)


class TestRepeats:
    async def test_units_that_are_in_each_others_way_are_both_done(self, store: SqlStore) -> None:
        both = asyncio.Barrier(2)
        runs: list[str] = []

        def unit(uow: UnitOfWork, first: str, second: str) -> None:
            runs.append(first)
            uow.key_values.put(first, f"by {first}")
            if runs.count(first) == 1:
                await_only(both.wait())
            uow.key_values.put(second, f"by {first}")

        await asyncio.gather(store.write(unit, "a", "b"), store.write(unit, "b", "a"))
        assert sorted(runs) in (["a", "a", "b"], ["a", "b", "b"])
        last = runs[-1]
        assert await column(store, "SELECT value FROM key_values") == [f"by {last}"] * 2

    @pytest.mark.parametrize("code", ["40001", "40P01"])
    async def test_a_unit_that_never_succeeds_is_given_up(self, store: SqlStore, code: str) -> None:
        runs: list[int] = []

        def unit(uow: UnitOfWork) -> None:
            runs.append(1)
            fail(uow, code)

        with pytest.raises(StoreError, match=f"cannot be used.*said by the server|{code}"):
            await store.write(unit)
        assert len(runs) == ATTEMPTS

    async def test_a_unit_that_the_database_refuses_is_not_repeated(self, store: SqlStore) -> None:
        runs: list[int] = []

        def unit(uow: UnitOfWork) -> None:
            runs.append(1)
            add(uow, 1, 1)

        with pytest.raises(StoreError, match="rules"):
            await store.write(unit)
        assert len(runs) == 1

    async def test_connections_that_died_unnoticed_are_made_anew(
        self, store: SqlStore, postgres_url: str
    ) -> None:
        await asyncio.gather(*(placed(store, number) for number in range(1, 2 * POOL_SIZE)))
        execute(postgres_url, HANG_UP)
        await placed(store, 100)
        assert await column(store, COUNT) == [2 * POOL_SIZE]

    async def test_a_unit_that_is_cut_off_in_the_middle_is_done_again(
        self, store: SqlStore, postgres_url: str
    ) -> None:
        runs: list[int] = []

        def unit(uow: UnitOfWork) -> None:
            runs.append(1)
            add(uow, 1)
            if len(runs) == 1:
                execute(postgres_url, HANG_UP)
            add(uow, 2)

        await store.write(unit)
        assert len(runs) == 2
        assert await column(store, COUNT) == [2]

    async def test_a_unit_that_raises_when_its_connection_is_gone_raises_its_own_error(
        self, store: SqlStore, postgres_url: str
    ) -> None:
        def unit(uow: UnitOfWork) -> None:
            add(uow, 1)
            execute(postgres_url, HANG_UP)
            raise LookupError("mine")

        for _ in range(POOL_SIZE + 1):
            with pytest.raises(LookupError, match="mine"):
                await store.write(unit)
        assert await column(store, COUNT) == [0]


class TestCommits:
    async def test_a_commit_whose_answer_is_lost_is_not_repeated_and_said_to_be_unknown(
        self, postgres_url: str
    ) -> None:
        runs: list[int] = []

        def unit(uow: UnitOfWork) -> None:
            runs.append(1)
            add(uow, 1)

        async with proxy_to(postgres_url) as (proxy, url), open_store(url) as store:
            proxy.cut_after = COMMIT
            with pytest.raises(StoreError, match="it is not known whether it was kept"):
                await store.write(unit)
            proxy.cut_after = None
            assert len(runs) == 1
            assert await column(store, COUNT) == [1], "it was kept, this time"

    async def test_a_commit_that_never_arrived_is_said_to_be_unknown_too(self, postgres_url: str) -> None:
        async with proxy_to(postgres_url) as (proxy, url), open_store(url) as store:
            proxy.cut_before = COMMIT
            with pytest.raises(StoreError, match="it is not known whether it was kept"):
                await placed(store, 1)
            proxy.cut_before = None
            assert await column(store, COUNT) == [0]
            await placed(store, 1)

    async def test_a_commit_that_the_database_refuses_is_known_to_be_undone(
        self, store: SqlStore, postgres_url: str
    ) -> None:
        execute(
            postgres_url,
            "ALTER TABLE events DROP CONSTRAINT fk_events_request_id",
            "ALTER TABLE events ADD FOREIGN KEY (request_id) REFERENCES requests INITIALLY DEFERRED",
        )
        event = "INSERT INTO events VALUES (7, 1, 'place', 'waiting', now(), NULL) RETURNING 1"
        with pytest.raises(StoreError, match="rules"):
            await store.write(say, event)
        assert await column(store, "SELECT seq FROM events") == []


class TestLimits:
    SHORT = StorageTimings(answer_s=1.5, pool_s=0.1)

    async def test_a_server_that_no_longer_answers_is_told_apart(self, postgres_url: str) -> None:
        async with proxy_to(postgres_url) as (proxy, url), open_store(url, self.SHORT) as store:
            await placed(store, 1)
            proxy.dead = True
            for use in (store.read, store.write):
                with pytest.raises(StoreError, match="does not answer"):
                    await use(lambda work: work.key_values.get("key"))
            proxy.dead = False
            await placed(store, 2)
            assert await column(store, COUNT) == [2]

    async def test_a_commit_that_is_not_answered_is_unknown(self, postgres_url: str) -> None:
        async with proxy_to(postgres_url) as (proxy, url), open_store(url, self.SHORT) as store:

            def unit(uow: UnitOfWork) -> None:
                uow.key_values.put("key", "value")
                proxy.dead = True

            with pytest.raises(StoreError, match="not known whether it was kept"):
                await store.write(unit)

    async def test_a_unit_that_waits_too_long_for_a_lock_is_given_up(
        self, store: SqlStore, postgres_url: str
    ) -> None:
        await store.write(lambda work: work.key_values.put("key", "mine"))

        def hold(work: UnitOfWork) -> None:
            work.key_values.put("key", "held")
            waiting = asyncio.ensure_future(other.write(lambda work: work.key_values.put("key", "theirs")))
            with pytest.raises(StoreError, match="is locked by something else"):
                await_only(waiting)

        async with open_store(f"{postgres_url}?lock_timeout=100") as other:
            await store.write(hold)
        assert await column(store, "SELECT value FROM key_values") == ["held"]

    async def test_a_statement_that_takes_too_long_is_given_up(self, postgres_url: str) -> None:
        async with open_store(f"{postgres_url}?statement_timeout=100") as store:
            with pytest.raises(StoreError, match="did not finish in time"):
                await store.read(say, "SELECT pg_sleep(30)")

    async def test_units_that_find_no_free_connection_say_so(self, postgres_url: str) -> None:
        entered, release = asyncio.Semaphore(0), asyncio.Event()

        def hold(uow: UnitOfWork) -> None:
            entered.release()
            await_only(release.wait())

        async with open_store(postgres_url, self.SHORT) as store:
            holding = [asyncio.create_task(store.read(hold)) for _ in range(POOL_SIZE)]
            await asyncio.gather(*(entered.acquire() for _ in holding))
            with pytest.raises(StoreError, match=r"All connections to the database .* are busy"):
                await placed(store, 1)
            release.set()
            await asyncio.gather(*holding)

    async def test_the_settings_of_a_session_are_the_programs_or_the_urls(self, postgres_url: str) -> None:
        async with open_store(f"{postgres_url}?statement_timeout=3000") as store:
            settings = [
                await store.read(say, f"SHOW {name}")
                for name in ("statement_timeout", "lock_timeout", "timezone", "transaction_isolation")
            ]
            assert settings == ["3s", "5s", "UTC", "repeatable read"]
            assert await store.write(say, "SHOW transaction_isolation") == "read committed"

    async def test_behind_a_pooler_no_statement_and_no_setting_is_kept(self, postgres_url: str) -> None:
        async with open_store(f"{postgres_url}?statement_cache_size=0") as store:
            for number in range(1, 5):
                await placed(store, number)
            assert await store.read(say, "SHOW lock_timeout") == "0"
            names = await column(store, "SELECT name FROM pg_prepared_statements")
            assert len(names) <= 1, "no more than the one that asks"
            assert all(str(name).startswith("inspire_") for name in names)


class TestClosing:
    async def test_what_is_under_way_at_the_end_is_still_done(self, postgres_url: str) -> None:
        async with open_store(postgres_url) as store:
            tasks = [asyncio.create_task(placed(store, number)) for number in range(1, 50)]
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        assert execute(postgres_url, COUNT) == [49]

    async def test_what_comes_after_the_end_is_refused(self, postgres_url: str) -> None:
        async with open_store(postgres_url) as store:
            pass
        with pytest.raises(StoreError, match="is closed"):
            await placed(store, 1)
        with pytest.raises(StoreError, match="is closed"):
            await ledger_breaches(store)
        await store.close()

    async def test_a_store_that_never_began_can_be_closed(self) -> None:
        await PostgresStore(PostgresUrl(database="songs")).close()


async def test_loves_of_two_processes_count_once_each_and_showcase_a_song_once(
    store: SqlStore, postgres_url: str
) -> None:
    def deliver(uow: UnitOfWork) -> None:
        making = brought_to(uow, uow.requests.add(new_request(1)), State.MAKING)
        ready = uow.requests.transition(making, Transition.FINISH, clips=(CLIP,), ended_at=NOW)
        uow.requests.transition(ready, Transition.DELIVER, result_channel_id=12, result_message_id=13)
        settings = uow.guilds.get_for_update(GUILD)
        uow.guilds.update(GUILD, replace(settings, showcase_channel_id=14, showcase_loves=5))

    await store.write(deliver)
    async with open_store(postgres_url) as other:
        processes = [SongLibrary(one, media=FakeMedia(), clock=lambda: NOW) for one in (store, other)]
        presses = [Actor(interaction_id=n << 40, guild_id=GUILD, actor_id=n) for n in range(1, 11)]
        await asyncio.gather(
            *(
                process.press_heart(1, 1, press, public_channel_ids=(12,))
                for press in presses
                for process in processes  # each press reaches both
            )
        )
        assert (await processes[0].loves(1)).members == len(presses)
    assert await column(store, "SELECT count(*) FROM outbox WHERE kind = 'showcase'") == [1]
