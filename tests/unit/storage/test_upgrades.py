"""Databases as earlier versions left them, brought up to date: what was under way goes on."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects.postgresql import insert

from bot.domain.requests import Request, State
from bot.services.work import Work
from bot.storage.audit import audit_database
from bot.storage.connections import reading_engine
from bot.storage.databases import database_at
from bot.storage.schema import migrate
from bot.storage.store import open_store
from bot.storage.tables import METADATA
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


def rows_of(path: Path) -> list[tuple[Table, Rows]]:
    """All that is in the file, table by table, owners first."""
    found: list[tuple[Table, Rows]] = []
    with reading_engine(path).connect() as connection:
        for table in METADATA.sorted_tables:
            names = [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table.name})")]
            columns = [column for column in table.columns if column.name in names]
            rows = connection.execute(select(*columns)).mappings().all()
            found.append((table, [dict(row) for row in rows]))
    return found


async def is_up_to_date(url: str) -> None:
    """Nothing is lost, the books are right, and what is under way can be taken."""
    breaches, _ = audit_database(url)
    assert breaches == []
    async with open_store(url) as store:
        requests = await store.read(_requests)
        assert Counter(request.state for request in requests) == STATES
        assert {request.spec.prompt for request in requests} >= {"the last bus home", "in line"}
        assert [request.prompt_wiped_at for request in requests] == [None] * len(requests)
        (waiting,) = [request for request in requests if request.state is State.WAITING]
        standing = await store.write(lambda work: work.members.meet(waiting.guild_id, waiting.user_id))
        assert (standing.failures, standing.backoff_until) == (0, None)
        assert await store.read(lambda work: work.requests.next_due_at()) is not None


def _requests(work: Work) -> list[Request]:
    guilds = {guild for state in State for guild in work.requests.per_guild(state)}
    ended = (State.DELIVERED, State.FAILED, State.UNCERTAIN, State.MAKING, State.WAITING)
    return [one for guild in guilds for one in work.requests.of_guild(guild, *ended, limit=100)]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_kept_file_is_brought_up_to_date(tmp_path: Path, revision: str) -> None:
    url = url_of(kept(tmp_path, revision))
    assert migrate(url) == (revision, HEAD)
    await is_up_to_date(url)


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_kept_database_of_a_server_is_brought_up_to_date(
    tmp_path: Path, empty_postgres_url: str, revision: str
) -> None:
    rows = rows_of(kept(tmp_path, revision))
    migrate(empty_postgres_url)
    migrate(empty_postgres_url, revision=revision)

    def fill(connection: Connection) -> None:
        for table, entries in rows:
            for entry in entries:
                connection.execute(insert(table).values(entry).on_conflict_do_nothing())

    database_at(empty_postgres_url).change(fill)
    assert migrate(empty_postgres_url) == (revision, HEAD)
    await is_up_to_date(empty_postgres_url)
