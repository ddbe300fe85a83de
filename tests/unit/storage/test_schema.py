import io
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations

from bot.domain.errors import MisconfiguredError, StoreError
from bot.storage.migrations import versions
from bot.storage.schema import migrate
from bot.storage.sqlite.engine import writing_engine
from bot.storage.store import open_store
from bot.storage.tables import METADATA
from tests.harness.databases import check_revision
from tests.unit.storage.databases import fresh, url_of

BASE = "base"
SCRIPTS = sorted(path.stem for path in Path(versions.__path__[0]).glob("v*.py"))
HEAD = SCRIPTS[-1][1:5]


def definitions(path: Path) -> dict[str, tuple[str, ...]]:
    """The SQL of each table, index and trigger, with its blanks and the quotes of names evened out."""
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {
        name: constraints_apart(" ".join(sql.replace('"', "").split()))
        for name, sql in found
        if name != "alembic_version"
    }


def constraints_apart(sql: str) -> tuple[str, ...]:
    """A definition whose constraints may stand in any order."""
    body = sql.removesuffix(")").replace(", FOREIGN KEY", " FOREIGN KEY")
    return tuple(sorted(part.strip() for part in body.split(", CONSTRAINT")))


def test_the_migrations_make_exactly_the_tables_that_the_program_uses(tmp_path: Path) -> None:
    migrated, made = fresh(tmp_path), tmp_path / "made.db"
    engine = writing_engine(made)
    with engine.begin() as connection:
        METADATA.create_all(connection)
    tables, steps = definitions(made), definitions(migrated)
    triggers = {"transfers_no_update", "transfers_no_delete"}
    assert steps.keys() - tables.keys() == triggers
    assert {name: sql for name, sql in steps.items() if name not in triggers} == tables


def test_alembic_finds_nothing_to_change_after_the_migrations(tmp_path: Path) -> None:
    engine = writing_engine(fresh(tmp_path))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_migration_says_where_it_came_from_and_repeats_harmlessly(tmp_path: Path) -> None:
    url = url_of(tmp_path / "data" / "inspire.db")
    assert check_revision(url) is False
    assert not (tmp_path / "data").exists(), "to look changes nothing"
    assert migrate(url) == (None, HEAD)
    assert migrate(url) == (HEAD, HEAD)
    assert check_revision(url) is True


def test_the_migrations_lead_back_to_an_empty_database(tmp_path: Path) -> None:
    path = fresh(tmp_path)
    before = definitions(path)
    assert migrate(url_of(path), revision=BASE) == (HEAD, None)
    assert definitions(path) == {}
    assert check_revision(url_of(path)) is False
    migrate(url_of(path))
    assert definitions(path) == before


async def test_a_store_does_not_open_before_the_migration(tmp_path: Path) -> None:
    url = url_of(tmp_path / "inspire.db")
    with pytest.raises(StoreError, match="has to be migrated first: run the command `migrate`"):
        async with open_store(url):
            pass
    migrate(url)
    async with open_store(url):
        pass


async def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = fresh(tmp_path)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = path.read_bytes()
    newer = "made by a newer version of this program .revision 9999.: .* nothing was changed"
    with pytest.raises(StoreError, match=newer):
        check_revision(url_of(path))
    with pytest.raises(StoreError, match=newer):
        migrate(url_of(path))
    with pytest.raises(StoreError, match=newer):
        async with open_store(url_of(path)):
            pass
    assert path.read_bytes() == before


def test_a_migration_that_finds_rows_without_their_owners_changes_nothing(tmp_path: Path) -> None:
    path = fresh(tmp_path)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("INSERT INTO events VALUES (7, 1, 'place', 'waiting', '2026-01-01', NULL)")
    connection.close()
    with pytest.raises(StoreError, match="rows in events that refer to nothing; nothing was changed"):
        migrate(url_of(path))


@pytest.mark.parametrize("look", [check_revision, migrate])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, look: object) -> None:
    path = tmp_path / "inspire.db"
    path.write_bytes(b"These are the lyrics of a song, and not a database at all. " * 100)
    assert callable(look)
    with pytest.raises(StoreError, match=r"inspire\.db is not a SQLite database"):
        look(url_of(path))


def test_the_same_steps_are_there_for_postgresql() -> None:
    steps = [import_module(f"{versions.__name__}.{script}") for script in SCRIPTS]
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql",
        opts={"as_sql": True, "output_buffer": written, "target_metadata": METADATA},
    )
    with Operations.context(context):
        for step in steps:
            step.upgrade()
        for step in reversed(steps):
            step.downgrade()
    sql = written.getvalue()
    assert "TIMESTAMP WITH TIME ZONE" in sql
    assert "BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers" in sql
    assert "WHERE next_at IS NOT NULL" in sql
    assert sql.count("CREATE TABLE") == sql.count("DROP TABLE")
    assert all(f"CREATE TABLE {name} (" in sql for name in METADATA.tables)
    assert "DROP FUNCTION refuse_transfer_change()" in sql


DAMAGES = {
    "a table": ("DROP TABLE loves", "lacks loves: it was changed by hand"),
    "a column": ("ALTER TABLE playlists DROP COLUMN used_at", "lacks playlists.used_at: it"),
    "an index": ("DROP INDEX ix_requests_next_at", "lacks the index ix_requests_next_at: it was changed"),
    "a renamed table": ("ALTER TABLE audit_log RENAME TO audit_log_old", "lacks audit_log: it"),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGES.values(), ids=DAMAGES)
def test_a_database_that_lacks_something_is_refused(tmp_path: Path, damage: str, words: str) -> None:
    path = fresh(tmp_path)
    execute(path, damage)
    for refuse in (migrate, check_revision):
        with pytest.raises(StoreError, match=words):
            refuse(url_of(path))


def test_what_an_operator_added_is_no_damage(tmp_path: Path) -> None:
    path = fresh(tmp_path)
    execute(path, "CREATE INDEX mine ON requests (placed_at)")
    execute(path, "CREATE TABLE notes (id)")
    migrate(url_of(path))
    assert check_revision(url_of(path))


def test_the_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    execute(path, "CREATE TABLE songs (id)")
    before = path.read_bytes()
    for refuse in (migrate, check_revision):
        with pytest.raises(MisconfiguredError, match="is another program's: it has the tables songs"):
            refuse(url_of(path))
    assert path.read_bytes() == before


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()
