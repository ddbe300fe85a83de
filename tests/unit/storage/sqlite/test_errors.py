"""Files that cannot be used and processes that are killed: what an operator reads, and what is left."""

import asyncio
import os
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.domain.errors import MisconfiguredError, StoreError
from bot.services.unit_of_work import UnitOfWork
from bot.storage.sqlite.errors import store_error
from bot.storage.sqlite.store import SqliteStore, utc_now
from bot.storage.store import open_store
from bot.storage.timings import StorageTimings
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.harness.databases import ledger_breaches
from tests.unit.storage.databases import column, fresh, url_of
from tests.unit.storage.factories import add

ROOT = Path(__file__).parents[4]
NOBODY = 65534
WORDS = "nobody else's\nbusiness"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return fresh(tmp_path)


@contextmanager
def plain_user() -> Iterator[None]:
    """Without the rights of root, which may write everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def told(uow: UnitOfWork, /, statement: str, **values: object) -> None:
    assert isinstance(uow, SqlUnitOfWork)
    uow.connection.execute(text(statement), values)


def restrict(path: Path, mode: int) -> None:
    path.chmod(mode)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user of the machine can reach."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        folder.chmod(0o777)


async def test_a_folder_that_cannot_be_written_is_named(public_folder: Path) -> None:
    path = fresh(public_folder)
    restrict(public_folder, 0o555)
    with (
        plain_user(),
        pytest.raises(StoreError, match=r"cannot be locked: Permission denied\. Let the bot's"),
    ):
        async with open_store(url_of(path)):
            pass


async def test_a_folder_that_cannot_be_entered_is_named(public_folder: Path) -> None:
    path = fresh(public_folder)
    restrict(public_folder, 0o000)
    with plain_user(), pytest.raises(StoreError, match="is out of reach: let the bot's user enter"):
        async with open_store(url_of(path)):
            pass


async def test_a_file_that_cannot_be_written_is_named(public_folder: Path) -> None:
    path = fresh(public_folder)
    restrict(path, 0o444)
    with plain_user():
        store = SqliteStore(path, clock=utc_now, on_close=lambda: None)
        with pytest.raises(StoreError, match=r"inspire\.db is read-only: let the bot's user write"):
            await store.write(add, 1)
        await store.close()


async def test_a_file_that_cannot_be_read_is_named(public_folder: Path) -> None:
    path = fresh(public_folder)
    restrict(path, 0o000)
    with plain_user():
        store = SqliteStore(path, clock=utc_now, on_close=lambda: None)
        for use in (store.write, store.read):
            with pytest.raises(StoreError, match="cannot be opened: see that it and its folder exist"):
                await use(lambda work: work.key_values.get("key"))
        await store.close()


async def killed_after(path: Path, writes: int) -> list[int]:
    """Return the requests that a process reported as placed before it was killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.unit.storage.endless_writer", url_of(path),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    placed = [int(await process.stdout.readline()) for _ in range(writes)]
    with pytest.raises(StoreError, match="in use by another process of the bot"):
        async with open_store(url_of(path)):
            pass
    process.kill()
    rest = (await process.stdout.read()).split(b"\n")[:-1]
    await process.wait()
    return placed + [int(line) for line in rest]


async def test_a_process_that_is_killed_loses_nothing_that_it_had_been_told(path: Path) -> None:
    placed: list[int] = []
    for writes in (1, 40, 150):
        placed += await killed_after(path, writes)
        async with open_store(url_of(path)) as store:
            kept = await column(store, "SELECT id FROM requests")
            assert set(placed) <= set(kept)
            assert await ledger_breaches(store) == []


async def test_a_file_that_another_program_locks_is_named(path: Path) -> None:
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="is locked: another program is writing to it"):
        async with open_store(url_of(path), StorageTimings(busy_s=0.001)):
            pass
    shell.execute("ROLLBACK")
    shell.close()
    async with open_store(url_of(path)) as store:
        await store.write(add, 1)


async def test_a_damaged_file_is_told_apart(path: Path) -> None:
    def scribble() -> None:
        content = bytearray(path.read_bytes())
        content[4096:] = b"\xff" * (len(content) - 4096)
        path.write_bytes(content)

    scribble()
    with pytest.raises(StoreError, match="is damaged: stop the bot"):
        async with open_store(url_of(path)):
            pass


async def test_a_store_that_could_not_be_opened_lets_go_of_the_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as shell:
        shell.execute("ALTER TABLE key_values RENAME TO elsewhere")
        with pytest.raises(StoreError, match="lacks key_values"):
            async with open_store(url_of(path)):
                pass
        shell.execute("ALTER TABLE elsewhere RENAME TO key_values")
    async with open_store(url_of(path)) as store:
        await store.write(add, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO key_values (key, value) VALUES (NULL, :words)",
        "INSERT INTO key_values (key, value) VALUES (:words, ''), (:words, '')",
        "INSERT INTO nowhere VALUES (:words)",
    ],
)
async def test_what_a_statement_would_have_written_is_not_in_its_error(path: Path, statement: str) -> None:
    async with open_store(url_of(path)) as store:
        with pytest.raises(StoreError) as refused:
            await store.write(told, statement, words=WORDS)
    said = "".join(traceback.format_exception(refused.value))
    assert "key_values" in said or "nowhere" in said
    assert "business" not in said


@pytest.mark.parametrize("name", ["SQLITE_IOERR_LOCK", "SQLITE_IOERR_SHMMAP", "SQLITE_PROTOCOL"])
def test_a_file_system_without_locks_is_told_from_a_failing_disk(path: Path, name: str) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode, error.sqlite_errorname = getattr(sqlite3, name), name
    said = store_error(error, path)
    assert isinstance(said, MisconfiguredError)
    assert "without locks or shared memory (a network drive?): put it on a local disk. (" in str(said)


def test_a_disk_that_fails_is_one(path: Path) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_IOERR_READ, "SQLITE_IOERR_READ"
    assert "The disk failed" in str(store_error(error, path))
