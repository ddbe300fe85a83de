"""Backups: whole or absent, private, refused where they would do harm, and put back."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.domain.errors import StoreError
from bot.services.unit_of_work import UnitOfWork
from bot.storage.admin import database_admin
from bot.storage.backup import back_up, restore
from bot.storage.database_url import parse_url
from bot.storage.postgres import dump
from bot.storage.postgres.url import PostgresUrl
from bot.storage.schema import is_current, migrate
from bot.storage.sqlite.file_lock import lock_file
from bot.storage.store import open_store
from tests.harness.databases import execute as execute_on
from tests.harness.databases import sources
from tests.unit.storage.databases import fresh, url_of

NEWER = "UPDATE alembic_version SET version_num = '9999'"
KEY = "said"
needs_programs = pytest.mark.skipif(
    shutil.which("pg_dump") is None and not any(isinstance(source, Path) for source in sources()),
    reason="no pg_dump",
)


@pytest.fixture(autouse=True)
def _programs_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find pg_dump and its like where the servers of the tests are from."""
    folders = [str(source) for source in reversed(sources()) if isinstance(source, Path)]
    monkeypatch.setenv("PATH", os.pathsep.join([*folders, os.environ["PATH"]]))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the present schema."""
    if request.param == "sqlite":
        return url_of(fresh(tmp_path / "data"))
    if shutil.which("pg_dump") is None:
        pytest.skip("no pg_dump")
    return str(request.getfixturevalue("postgres_url"))


async def say(url: str, words: str) -> None:
    def put(uow: UnitOfWork) -> None:
        uow.key_values.put(KEY, words)

    async with open_store(url) as store:
        await store.write(put)


async def said(url: str) -> str | None:
    def get(uow: UnitOfWork) -> str | None:
        return uow.key_values.get(KEY)

    async with open_store(url) as store:
        return await store.read(get)


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def server_of(url: str) -> PostgresUrl:
    server = parse_url(url)
    assert isinstance(server, PostgresUrl)
    return server


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_backup_is_put_back(url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    await say(url, "before")
    made = back_up(url, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert made.size == file.stat().st_size
    await say(url, "after")
    restore(url, file)
    assert await said(url) == "before"
    assert is_current(database_admin(url))
    assert files(tmp_path) == (["backup", "data"] if url.startswith("sqlite") else ["backup"])


async def test_a_backup_is_made_while_the_bot_writes(url: str, tmp_path: Path) -> None:
    def put(uow: UnitOfWork) -> None:
        uow.key_values.put(KEY, "running")

    async with open_store(url) as store:
        await store.write(put)
        back_up(url, tmp_path / "backup")  # the newest change is in the write-ahead log alone
    await say(url, "later")
    restore(url, tmp_path / "backup")
    assert await said(url) == "running"


async def test_a_backup_of_an_older_version_is_brought_up_to_date(url: str, tmp_path: Path) -> None:
    migrate(url, revision="0014")
    back_up(url, tmp_path / "backup")
    migrate(url)
    restore(url, tmp_path / "backup")
    assert is_current(database_admin(url))


async def test_a_lost_file_is_restored(tmp_path: Path) -> None:
    path = fresh(tmp_path / "data")
    back_up(url_of(path), tmp_path / "backup")
    shutil.rmtree(path.parent)
    assert restore(url_of(path), tmp_path / "backup") is None
    assert is_current(database_admin(url_of(path)))


async def test_the_old_file_is_kept_whole_with_its_log(tmp_path: Path) -> None:
    url = url_of(fresh(tmp_path / "data"))
    back_up(url, tmp_path / "backup")
    await say(url, "kept aside")
    aside = restore(url, tmp_path / "backup")
    assert aside is not None
    assert await said(url_of(aside)) == "kept aside"
    assert await said(url) is None
    assert aside.parent.stat().st_mode & 0o777 == 0o700


async def test_a_restore_that_was_cut_off_is_done_again(tmp_path: Path) -> None:
    path = fresh(tmp_path / "data")
    back_up(url_of(path), tmp_path / "backup")
    (path.parent / "inspire.db.partial").write_bytes(b"half")
    (path.parent / "inspire.db.before-20200101T000000Z").mkdir()
    restore(url_of(path), tmp_path / "backup")
    assert await said(url_of(path)) is None
    assert "inspire.db.partial" not in files(path.parent)


def test_a_file_that_exists_is_never_written_over(url: str, tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("mine")
    with pytest.raises(StoreError, match="exists already: name another file"):
        back_up(url, tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "mine"


def test_a_backup_that_fails_leaves_nothing(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written: No such file or directory"):
        back_up(url, tmp_path / "missing" / "backup")
    damaged = tmp_path / "data" / "damaged.db"
    damaged.parent.mkdir(exist_ok=True)
    damaged.write_bytes(fresh(tmp_path, "whole.db").read_bytes()[:8192])
    with pytest.raises(StoreError, match="damaged"):
        back_up(url_of(damaged), tmp_path / "backup")
    assert not list(tmp_path.glob("backup*"))


def test_a_database_that_is_not_the_bots_is_not_backed_up(tmp_path: Path) -> None:
    execute(tmp_path / "other.db", "CREATE TABLE songs (id)")
    execute(tmp_path / "empty.db", "PRAGMA user_version = 1")
    for name, words in {
        "other": "another program's",
        "empty": "never been",
        "gone": "is missing, or",
    }.items():
        with pytest.raises(StoreError, match=words):
            back_up(url_of(tmp_path / f"{name}.db"), tmp_path / "backup")


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def overwritten(file: Path) -> None:
    file.write_text("not a backup")


def no_bot(file: Path) -> None:
    file.unlink()
    execute(file, "CREATE TABLE songs (id)")


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut off": (cut_off, "damaged|malformed"),
    "something else": (overwritten, "is no backup of this program"),
    "missing": (Path.unlink, "cannot be read: No such file"),
    "another program's": (no_bot, "is another program's"),
    "newer": (lambda file: execute(file, NEWER), "newer version of this program"),
}


@pytest.mark.parametrize(("spoil", "words"), REFUSED.values(), ids=REFUSED)
async def test_a_bad_backup_changes_nothing(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    url = url_of(fresh(tmp_path / "data"))
    file = tmp_path / "backup"
    back_up(url, file)
    spoil(file)
    await say(url, "untouched")
    with pytest.raises(StoreError, match=words):
        restore(url, file)
    assert await said(url) == "untouched"
    assert not [name for name in files(tmp_path / "data") if "before" in name or "partial" in name]


@needs_programs
async def test_a_bad_archive_changes_nothing_of_a_server(postgres_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    await say(postgres_url, "untouched")
    back_up(postgres_url, file)
    cut_off(file)
    with pytest.raises(StoreError, match="pg_restore failed, and nothing was changed"):
        restore(postgres_url, file)
    back_up(url_of(fresh(tmp_path)), tmp_path / "file.db")
    with pytest.raises(StoreError, match="is a SQLite file, but DATABASE_URL names a database of another"):
        restore(postgres_url, tmp_path / "file.db")
    assert await said(postgres_url) == "untouched"


@needs_programs
async def test_a_newer_archive_is_refused(postgres_url: str, empty_postgres_url: str, tmp_path: Path) -> None:
    back_up(postgres_url, tmp_path / "backup")
    execute_on(empty_postgres_url, "CREATE TABLE alembic_version (version_num varchar(32))")
    execute_on(empty_postgres_url, "INSERT INTO alembic_version VALUES ('9999')")
    dump.write(server_of(empty_postgres_url), tmp_path / "newer")
    with pytest.raises(StoreError, match="newer version of this program"):
        restore(postgres_url, tmp_path / "newer")
    execute_on(empty_postgres_url, "DROP TABLE alembic_version")
    restore(empty_postgres_url, tmp_path / "backup")  # a database without tables takes one
    assert is_current(database_admin(empty_postgres_url))


async def test_a_running_bot_keeps_its_database(url: str, tmp_path: Path) -> None:
    back_up(url, tmp_path / "backup")
    if make_url(url).drivername == "sqlite":
        owned = lock_file(Path(str(make_url(url).database)))
        with pytest.raises(StoreError, match="in use by another process of the bot"):
            restore(url, tmp_path / "backup")
        owned.release()
    else:
        now = datetime.now(UTC)

        def beat(uow: UnitOfWork) -> None:
            until = now + timedelta(minutes=1)
            uow.processes.heartbeat("one", role="all", shards=(0,), shard_count=1, now=now, until=until)

        async with open_store(url) as store:
            await store.write(beat)
        with pytest.raises(StoreError, match="in use by the bot: stop all its processes first"):
            restore(url, tmp_path / "backup")
    assert is_current(database_admin(url))


def test_a_pooler_is_no_way_to_a_backup(postgres_url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot work through a pooler"):
        back_up(f"{postgres_url}?statement_cache_size=0", tmp_path / "backup")


def test_a_missing_program_is_named(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="There is no pg_dump on this machine: install"):
        back_up(postgres_url, tmp_path / "backup")


def test_no_list_of_processes_shows_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    program = tmp_path / "pg_dump"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >{seen}; printf "%s" "$PGPASSWORD" >{seen}.password\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    url = PostgresUrl(
        database="it's", host="db.example", user="bot", password="p@ss word", options={"sslmode": "require"}
    )
    dump.write(url, tmp_path / "backup")
    assert "--dbname=dbname='it\\'s' host='db.example' user='bot' sslmode='require'" in seen.read_text()
    assert "p@ss word" not in seen.read_text()
    assert seen.with_suffix(".password").read_text() == "p@ss word"
