"""The SQLite store only: group commit, one process, recovery."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from bot.domain.errors import StoreError, TookTooLongError
from bot.services.unit_of_work import Share, UnitOfWork, reads
from bot.storage.sqlite.store import SqliteStore, utc_now
from bot.storage.sqlite.writer import BATCH
from bot.storage.store import open_file
from bot.storage.timings import StorageTimings
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.harness.databases import ledger_breaches
from tests.unit.storage.databases import column, fresh
from tests.unit.storage.factories import add

LONG_S = 30.0
COUNT = "SELECT count(*) FROM requests"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return fresh(tmp_path)


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    async with open_file(path, clock=utc_now) as opened:
        yield opened


def say(uow: UnitOfWork, statement: str) -> object:
    assert isinstance(uow, SqlUnitOfWork)
    return uow.connection.execute(text(statement)).scalar()


def fill(uow: UnitOfWork, characters: int) -> None:
    uow.key_values.put("filler", "x" * characters)


class BlockedWriter:
    """Holds the writing thread inside a unit, so that others queue up behind it."""

    def __init__(self, store: SqliteStore) -> None:
        self._entered, self._open = asyncio.Event(), threading.Event()
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(store.write(self._wait))

    async def closed(self) -> None:
        await self._entered.wait()

    async def open(self) -> None:
        self._open.set()
        await self._task

    def _wait(self, uow: UnitOfWork) -> None:
        self._loop.call_soon_threadsafe(self._entered.set)
        assert self._open.wait(10)


@contextmanager
def commits() -> Iterator[list[str]]:
    """The names of the threads that committed meanwhile, one an entry."""
    seen: list[str] = []

    def note(_connection: object) -> None:
        if threading.current_thread().name == "storage-writer":
            seen.append(threading.current_thread().name)

    event.listen(Engine, "commit", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "commit", note)


@contextmanager
def files_may_not_grow(path: Path) -> Iterator[None]:
    """Limit this process's file size to that of the database's log."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = path.with_name(f"{path.name}-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def queued(store: SqliteStore, *request_ids: int) -> list[asyncio.Task[object]]:
    """Units that have been handed to the store and not been run."""
    tasks: list[asyncio.Task[object]] = [
        asyncio.create_task(store.write(add, number)) for number in request_ids
    ]
    await asyncio.sleep(0)
    return tasks


class TestGroupCommit:
    async def test_what_queues_up_shares_commits(self, path: Path) -> None:
        with commits() as seen:
            async with open_file(path, clock=utc_now) as store:
                blocker = BlockedWriter(store)
                await blocker.closed()
                tasks = await queued(store, *range(1, 2 * BATCH + 2))
                before = len(seen)
                await blocker.open()
                await asyncio.gather(*tasks)
                assert len(seen) - before == 1 + 3, "the blocker, two full batches and a rest of one"
                assert await column(store, COUNT) == [2 * BATCH + 1]

    async def test_no_caller_hears_of_its_unit_before_the_commit(self, path: Path) -> None:
        heard: list[int] = []
        loop = asyncio.get_running_loop()
        async with open_file(path, clock=utc_now) as store:
            first = asyncio.create_task(store.write(add, 1))
            first.add_done_callback(lambda _: heard.append(1))
            entered, release = asyncio.Event(), threading.Event()

            def block(uow: UnitOfWork) -> None:
                loop.call_soon_threadsafe(entered.set)
                assert release.wait(10)

            second = asyncio.create_task(store.write(block))
            await entered.wait()
            visible = await column(store, COUNT)
            assert (heard == [1]) == (visible == [1])
            release.set()
            await asyncio.gather(first, second)
            assert await column(store, COUNT) == [1]

    async def test_a_commit_that_fails_fails_for_all_who_share_it_and_the_next_is_well(
        self, path: Path, store: SqliteStore
    ) -> None:
        await store.write(add, 100)
        blocker = BlockedWriter(store)
        await blocker.closed()
        tasks = await queued(store, 1, 2, 3)
        with files_may_not_grow(path):
            await blocker.open()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
        assert "disk" in str(outcomes[0])
        assert await column(store, COUNT) == [1]
        await store.write(add, 1, 2, 3)
        assert await column(store, COUNT) == [4]

    async def test_a_full_disk_is_told_to_all_of_the_batch_and_gets_well(self, store: SqliteStore) -> None:
        pages = await store.write(say, "PRAGMA page_count")
        await store.write(say, f"PRAGMA max_page_count = {pages}")
        blocker = BlockedWriter(store)
        await blocker.closed()
        tasks = await queued(store, 1)
        tasks.append(asyncio.create_task(store.write(fill, 10_000_000)))
        await asyncio.sleep(0)
        await blocker.open()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes[1:]:
            assert isinstance(outcome, StoreError)
            assert "There is no room left for the database file" in str(outcome)
        await store.write(fill, 10_000)
        assert await ledger_breaches(store) == []

    async def test_a_bug_in_the_store_itself_does_not_leave_callers_waiting(self, path: Path) -> None:
        def broken_clock_event(_connection: object) -> None:
            if threading.current_thread().name == "storage-writer" and broken:
                raise ZeroDivisionError("a bug")

        broken = False
        event.listen(Engine, "commit", broken_clock_event)
        try:
            async with open_file(path, clock=utc_now) as store:
                broken = True
                with pytest.raises(StoreError, match="cannot be used: a bug"):
                    await store.write(add, 1)
                broken = False
                await store.write(add, 1)
                assert await column(store, COUNT) == [1]
        finally:
            event.remove(Engine, "commit", broken_clock_event)


class TestSettings:
    @pytest.mark.parametrize(
        ("pragma", "value"),
        [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)],
    )
    async def test_the_writer_loses_nothing_in_a_power_cut(
        self, store: SqliteStore, pragma: str, value: object
    ) -> None:
        assert await store.write(say, f"PRAGMA {pragma}") == value

    async def test_readers_can_neither_write_nor_move_the_log(self, store: SqliteStore) -> None:
        assert await store.read(say, "PRAGMA query_only") == 1
        assert await store.read(say, "PRAGMA wal_autocheckpoint") == 0

    async def test_a_reading_unit_sees_one_moment(self, store: SqliteStore) -> None:
        loop = asyncio.get_running_loop()
        looked, written = asyncio.Event(), threading.Event()

        def look_twice(uow: UnitOfWork) -> tuple[object, object]:
            first = uow.key_values.get("key")
            loop.call_soon_threadsafe(looked.set)
            assert written.wait(10)
            return first, uow.key_values.get("key")

        looking = asyncio.create_task(store.read(look_twice))
        await looked.wait()
        await store.write(lambda work: work.key_values.put("key", "new"))
        written.set()
        assert await looking == (None, None)
        assert await store.read(lambda work: work.key_values.get("key")) == "new"

    def test_the_clock_of_a_store_tells_aware_utc(self) -> None:
        offset = utc_now().utcoffset()
        assert offset is not None
        assert not offset


class TestClosing:
    async def test_what_is_queued_at_the_end_is_still_done(self, path: Path) -> None:
        async with open_file(path, clock=utc_now) as store:
            blocker = BlockedWriter(store)
            await blocker.closed()
            tasks = await queued(store, *range(1, 100))
            ending = asyncio.create_task(store.close())
            await asyncio.sleep(0)
            await blocker.open()
            await ending
            await asyncio.gather(*tasks)
        assert not path.with_name(f"{path.name}-wal").exists(), "the log was moved into the file"
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute(COUNT).fetchone() == (99,)

    async def test_what_comes_after_the_end_is_refused(self, path: Path) -> None:
        async with open_file(path, clock=utc_now) as store:
            pass
        with pytest.raises(StoreError, match="is closed"):
            await store.write(add, 1)
        with pytest.raises(StoreError, match="is closed"):
            await store.read(say, COUNT)
        await store.close()

    async def test_the_file_can_be_opened_again_after_the_end(self, path: Path) -> None:
        for number in (1, 2):
            async with open_file(path, clock=utc_now) as store:
                await store.write(add, number)

    def test_a_loop_that_ends_without_closing_wedges_nothing(self, path: Path) -> None:
        release = threading.Event()

        async def leave() -> SqliteStore:
            store = SqliteStore(path, clock=utc_now, on_close=lambda: None)
            await queued(store, 1)
            forgotten = asyncio.create_task(store.write(lambda work: release.wait(10)))
            await asyncio.sleep(0)
            forgotten.cancel()
            return store

        store = asyncio.run(leave())
        release.set()
        asyncio.run(store.close())
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute(COUNT).fetchone() == (1,)


class TestTimeLimit:
    async def test_a_read_is_stopped_at_the_limit_of_its_share_and_the_next_one_is_not(
        self, path: Path
    ) -> None:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        limits_s = {Share.MEMBERS: LONG_S, Share.WORKERS: LONG_S, Share.REPORTS: 0.01}
        async with open_file(path, StorageTimings(read_s=limits_s), clock=utc_now) as store:
            with pytest.raises(TookTooLongError, match="stopped at its time limit"):
                await store.read(reads(Share.REPORTS)(say), endless)
            assert await store.read(say, COUNT) == 0
            assert await store.read(reads(Share.REPORTS)(say), COUNT) == 0
