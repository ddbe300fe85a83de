"""Databases as earlier versions left them, brought up to date: pending requests go on."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, RowMapping, select
from sqlalchemy.dialects.postgresql import insert

from bot.domain.requests import Request, State
from bot.services.unit_of_work import UnitOfWork
from bot.storage.admin import database_admin
from bot.storage.ledger_audit import audit_database
from bot.storage.schema import migrate
from bot.storage.sqlite.engine import reading_engine
from bot.storage.store import open_store
from tests.unit.storage.databases import url_of
from tests.unit.storage.test_schema import HEAD

KEPT = Path(__file__).parents[2] / "kept"
REVISIONS = tuple(sorted(path.stem for path in KEPT.glob("*.sql")))
STATES = {
    State.DELIVERED: 1,
    State.FAILED: 2,
    State.MAKING: 2,
    State.UNCERTAIN: 1,
    State.WAITING: 1,
}
"""The requests of each kept database: its members had songs made, refused and lost, and wait for others."""

Rows = Sequence[Mapping[str, object]]


def kept(folder: Path, revision: str) -> Path:
    """The database file as that version left it."""
    path = folder / "kept.db"
    connection = sqlite3.connect(path)
    connection.executescript((KEPT / f"{revision}.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


def rows_of(path: Path) -> list[tuple[str, Rows]]:
    """All that is in the file, table by table, owners first, without what is NULL."""
    tables = MetaData()
    with reading_engine(path).connect() as connection:
        tables.reflect(connection)
        return [
            (table.name, [present(row) for row in connection.execute(select(table)).mappings()])
            for table in tables.sorted_tables
        ]


def present(row: RowMapping) -> Mapping[str, object]:
    """What the row has; SQLite keeps moments without their zone."""
    return {
        str(name): value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
        for name, value in row.items()
        if value is not None
    }


async def is_up_to_date(url: str) -> None:
    """Nothing is lost, the ledger is right, and what is pending can be claimed."""
    breaches, _ = audit_database(url)
    assert breaches == []
    async with open_store(url) as store:
        requests = await store.read(_requests)
        assert Counter(request.state for request in requests) == STATES
        assert {request.spec.prompt for request in requests} >= {"the last bus home", "in line"}
        assert [request.prompt_wiped_at for request in requests] == [None] * len(requests)
        (waiting,) = [request for request in requests if request.state is State.WAITING]
        standing = await store.write(
            lambda work: work.members.get_for_update(waiting.guild_id, waiting.user_id)
        )
        assert (standing.failures, standing.backoff_until) == (0, None)
        assert await store.read(lambda work: work.requests.next_due_at()) is not None


def _requests(uow: UnitOfWork) -> list[Request]:
    guilds = {guild for state in State for guild in uow.requests.per_guild(state)}
    ended = (State.DELIVERED, State.FAILED, State.UNCERTAIN, State.MAKING, State.WAITING)
    return [one for guild in guilds for one in uow.requests.of_guild(guild, *ended, limit=100)]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_kept_file_is_brought_up_to_date(tmp_path: Path, revision: str) -> None:
    url = url_of(kept(tmp_path, revision))
    assert migrate(url) == (revision, HEAD)
    await is_up_to_date(url)


def put_on_server(url: str, path: Path, revision: str) -> None:
    """The server's database has what the file has, as that version left it."""
    rows = rows_of(path)
    migrate(url)
    migrate(url, revision=revision)

    def fill(connection: Connection) -> None:
        tables = MetaData()
        tables.reflect(connection)
        for name, entries in rows:
            for entry in entries:
                connection.execute(insert(tables.tables[name]).values(entry).on_conflict_do_nothing())

    database_admin(url).write(fill)


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_kept_database_of_a_server_is_brought_up_to_date(
    tmp_path: Path, empty_postgres_url: str, revision: str
) -> None:
    put_on_server(empty_postgres_url, kept(tmp_path, revision), revision)
    assert migrate(empty_postgres_url) == (revision, HEAD)
    await is_up_to_date(empty_postgres_url)


def wipe(path: Path, *prompts: str) -> Path:
    """These prompts were wiped by a version that did not note it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for prompt in prompts:
            connection.execute("UPDATE requests SET prompt = NULL WHERE prompt = ?", (prompt,))
    return path


async def marked(url: str) -> list[tuple[State, bool]]:
    """The requests without a prompt that have ended, oldest first, and whether theirs is taken for wiped."""
    async with open_store(url) as store:
        requests = await store.read(_requests)
    bare = [one for one in requests if one.spec.prompt is None and one.ended_at is not None]
    return [(one.state, one.lacks_details) for one in sorted(bare, key=lambda one: str(one.ended_at))]


DELIVERED, FAILED, UNCERTAIN = State.DELIVERED, State.FAILED, State.UNCERTAIN
WIPED = {
    "none": ((), [(FAILED, False), (UNCERTAIN, False)]),
    "the oldest": (("the last bus home",), [(DELIVERED, True), (FAILED, True), (UNCERTAIN, True)]),
    "a later one": (("like somebody",), [(FAILED, False), (UNCERTAIN, False), (FAILED, False)]),
    "all": (
        ("the last bus home", "like somebody", "still being made", "in line"),
        [(DELIVERED, True), (FAILED, True), (UNCERTAIN, True), (FAILED, True)],
    ),
}
"""Prompts that are gone, and what is taken for wiped: what ended before all of which it is known."""


@pytest.mark.parametrize(("prompts", "expected"), WIPED.values(), ids=WIPED)
async def test_requests_whose_prompt_may_have_been_wiped_are_marked(
    tmp_path: Path,
    empty_postgres_url: str,
    prompts: tuple[str, ...],
    expected: list[tuple[State, bool]],
) -> None:
    path = wipe(kept(tmp_path, "0004"), *prompts)
    put_on_server(empty_postgres_url, path, "0004")
    for url in (url_of(path), empty_postgres_url):
        migrate(url)
        assert await marked(url) == expected
