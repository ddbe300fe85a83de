"""What a command costs does not grow with a server's history."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPICursor, ExecutionContext

from benchmarks.harness.commands import LAST, VARIANTS, Commands
from benchmarks.history import build_year, opened
from bot.storage.admin import database_admin
from tests.integration.engines import on_both
from tests.unit.storage.databases import fresh, url_of

FEW, SMALL, LARGE, OTHER_SERVERS = 1000, 3600, 10800, 20
"""The small number makes lists as long as they get, also those of one member, who has half of the songs."""
GROWING = {
    *("requests", "events", "transfers", "accounts", "audit_log", "outbox", "loves", "members"),
    "daily_usage",
}
COUNTED = {
    "privacy.export": "it returns everything about the member",
    "privacy.preview": "it counts that",
    "members.block": "it sums the songs of the caps' period until they are open",
    "guilds.reconcile": "it lists the servers, at each start",
}
"""Operations that may read as much as they return, and why."""
STEPS = 50
"""How many of SQLite's virtual machine's steps are counted at once."""
MORE, NOISE = 1.2, 2_000


def operations(commands: Commands) -> Iterator[tuple[str, str, dict[str, object]]]:
    yield from ((name, name, {}) for name in commands.names() if name not in LAST)
    yield from VARIANTS
    yield from ((name, name, {}) for name in LAST if name != "privacy.erase")


@contextmanager
def counted() -> Iterator[list[int]]:
    """Count the steps of all SQLite connections that are opened inside."""
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.set_progress_handler(count, STEPS)

    event.listen(Engine, "connect", connected)
    try:
        yield steps
    finally:
        event.remove(Engine, "connect", connected)


async def steps_of_each(path: Path, songs: int) -> dict[str, int]:
    """Return the steps of each operation and each worker on a database with this many songs."""
    build_year(url_of(path), songs, OTHER_SERVERS, busiest=2)
    with counted() as steps:
        async with opened(url_of(path)) as commands:
            took: dict[str, int] = {}
            for label, name, given in operations(commands):
                steps[0] = 0
                await commands.call(name, **given)
                took[label] = steps[0] * STEPS
            for worker in commands.workers[:-1]:
                steps[0] = 0
                await worker.next_due_at()
                await worker.claim(4)
                took[worker.name] = steps[0] * STEPS
    return took


@pytest.mark.long
async def test_no_operation_takes_more_steps_with_three_times_the_songs(tmp_path: Path) -> None:
    small = await steps_of_each(fresh(tmp_path, "small.db"), SMALL)
    large = await steps_of_each(fresh(tmp_path, "large.db"), LARGE)

    grown = {
        name: (small[name], large[name])
        for name in small.keys() - COUNTED.keys()
        if large[name] > MORE * small[name] + NOISE
    }
    assert grown == {}


@contextmanager
def recorded() -> Iterator[dict[str, object]]:
    """Record every statement that is executed inside, with the values of its last execution."""
    statements: dict[str, object] = {}

    def execute(
        _: Connection, __: DBAPICursor, sql: str, values: object, ___: ExecutionContext, is_many: object
    ) -> None:
        if not is_many and sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            statements[sql] = values

    event.listen(Engine, "before_cursor_execute", execute)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", execute)


@on_both
async def test_no_statement_sorts_or_reads_a_table_that_grows(database: str) -> None:
    build_year(database, FEW, OTHER_SERVERS)
    async with opened(database) as commands:
        with recorded() as statements:
            for _, name, given in operations(commands):
                if name not in COUNTED:
                    await commands.call(name, **given)
            for worker in commands.workers[:-1]:
                await worker.next_due_at()
                await worker.claim(4)

    plans = database_admin(database).read(lambda conn: list(_plans(conn, statements)))
    assert [plan for sql, plan in plans if _is_wrong(plan) and not _is_bounded(sql)] == []


def _plans(conn: Connection, statements: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield each statement, and its plan below it."""
    explain = "EXPLAIN"
    if conn.dialect.name == "sqlite":
        explain = "EXPLAIN QUERY PLAN"
    else:  # in a database as small as this, reading and sorting all of a table would be the fastest
        conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        conn.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    for sql, values in statements.items():
        rows = conn.exec_driver_sql(f"{explain} {sql}", values)  # type: ignore[arg-type] # as it was executed
        yield sql, "\n".join([sql, *(str(row[-1]).strip() for row in rows)])


def _is_wrong(plan: str) -> bool:
    """Tell whether the plan sorts rows, or reads all of a table that grows."""
    if re.search(r"^(USE TEMP B-TREE|(-> +)?(Incremental )?Sort)", plan, re.MULTILINE):
        return True
    lines = re.findall(r"(?:^SCAN|Seq Scan on) (\w+)(.*)", plan, re.MULTILINE)
    return any(table in GROWING and not any(name in rest for name in OF_FEW_ROWS) for table, rest in lines)


def _is_bounded(sql: str) -> bool:
    return any(part in " ".join(sql.split()) for part in BOUNDED)


BOUNDED = {
    "state IN ('awaiting', 'waiting', 'submitting', 'making')": "requests that are pending",
    "outbox.due_at IS NOT NULL": "messages that are not sent yet",
    "FROM outbox JOIN (SELECT": "the turns of messages that are due",
    "FROM guild_settings UNION SELECT members.guild_id": "the servers, when the bot starts or joins one",
    "FROM processes": "the bot's processes",
    "FROM playlists": "a server has few saved playlists",
    "FROM members WHERE members.user_id =": "the servers of one person",
}
"""Parts of statements that may sort what they find, and why that does not grow."""
OF_FEW_ROWS = {"lease_until", "due_at", "next_at", "erase_at", "backoff_until", "token_until"}
"""Indexes of pending rows only, of which all may be read."""
