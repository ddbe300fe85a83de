"""The migrations on PostgreSQL, on the oldest and the newest available version."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from bot.domain.errors import StoreError
from bot.storage.admin import PostgresAdmin
from bot.storage.advisory_locks import AdvisoryLock, lock
from bot.storage.database_url import parse_url
from bot.storage.postgres.url import PostgresUrl
from bot.storage.schema import migrate
from bot.storage.store import audit_database, open_store
from bot.storage.tables import METADATA
from tests.harness.databases import check_revision, execute
from tests.unit.storage.test_schema import BASE, HEAD

_CONSTRAINTS = """
SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
"""
_INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_COLUMNS = """
SELECT concat_ws(
    ' ', table_name, column_name, data_type, character_maximum_length, is_nullable, column_default
) FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""
_FUNCTIONS = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"


def at(url: str) -> PostgresAdmin:
    server = parse_url(url)
    assert isinstance(server, PostgresUrl)
    return PostgresAdmin(server)


def definitions(url: str) -> list[set[object]]:
    return [set(execute(url, query)) for query in (_CONSTRAINTS, _INDEXES, _COLUMNS)]


def test_the_migrations_make_exactly_the_tables_that_the_program_uses(empty_postgres_url: str) -> None:
    migrate(empty_postgres_url)
    migrated = definitions(empty_postgres_url)
    assert migrate(empty_postgres_url, revision=BASE) == (HEAD, None)
    at(empty_postgres_url).write(METADATA.create_all)
    assert migrated == definitions(empty_postgres_url)
    assert all(migrated)


def test_alembic_finds_nothing_to_change_after_the_migrations(any_postgres_url: str) -> None:
    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    assert at(any_postgres_url).read(differences) == []


def test_a_migration_says_where_it_came_from_and_repeats_harmlessly(empty_postgres_url: str) -> None:
    assert check_revision(empty_postgres_url) is False
    assert migrate(empty_postgres_url) == (None, HEAD)
    assert migrate(empty_postgres_url) == (HEAD, HEAD)
    assert check_revision(empty_postgres_url) is True


def test_the_migrations_lead_back_to_an_empty_database(any_postgres_url: str) -> None:
    before = definitions(any_postgres_url)
    assert migrate(any_postgres_url, revision=BASE) == (HEAD, None)
    assert definitions(any_postgres_url) == [set(), set(), set()]
    assert execute(any_postgres_url, _FUNCTIONS) == []
    migrate(any_postgres_url)
    assert definitions(any_postgres_url) == before


@pytest.mark.parametrize(
    "change", ["UPDATE transfers SET amount = 1", "DELETE FROM transfers", "TRUNCATE transfers"]
)
def test_the_server_refuses_to_change_a_transfer(any_postgres_url: str, change: str) -> None:
    with pytest.raises(StoreError, match=r"rules .*P0001: a transfer is never changed"):
        at(any_postgres_url).write(lambda connection: connection.execute(text(change)))


async def test_of_processes_that_start_at_once_one_migrates(empty_postgres_url: str) -> None:
    outcomes = await asyncio.gather(*(asyncio.to_thread(migrate, empty_postgres_url) for _ in range(4)))
    assert sorted(outcomes, key=str) == [(HEAD, HEAD)] * 3 + [(None, HEAD)]


def test_a_migration_that_fails_leaves_nothing(empty_postgres_url: str) -> None:
    # in the way of the first migration's last steps
    function = (
        "FUNCTION refuse_transfer_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    )
    execute(empty_postgres_url, f"CREATE {function}")
    with pytest.raises(StoreError, match='function "refuse_transfer_change" already exists'):
        migrate(empty_postgres_url)
    assert execute(empty_postgres_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []


def test_a_database_with_tables_of_our_names_is_left_alone(empty_postgres_url: str) -> None:
    execute(empty_postgres_url, "CREATE TABLE key_values ()")
    with pytest.raises(StoreError, match="is another program's: it has the tables key_values"):
        migrate(empty_postgres_url)
    assert execute(empty_postgres_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [
        "key_values"
    ]


def test_a_migration_waits_for_another_one_and_not_for_ever(postgres_url: str) -> None:
    def meanwhile(connection: Connection) -> None:
        lock(connection, AdvisoryLock.MIGRATION)
        with pytest.raises(StoreError, match="is locked by something else"):
            migrate(f"{postgres_url}?lock_timeout=100")

    at(postgres_url).read(meanwhile)


async def test_a_store_does_not_open_before_the_migration(empty_postgres_url: str) -> None:
    with pytest.raises(StoreError, match="has to be migrated first: run the command `migrate`"):
        async with open_store(empty_postgres_url):
            pass
    with pytest.raises(StoreError, match="missing or has to be migrated"):
        audit_database(empty_postgres_url)


async def test_a_database_of_a_newer_version_is_left_alone(postgres_url: str) -> None:
    execute(postgres_url, "UPDATE alembic_version SET version_num = '9999'")
    newer = "made by a newer version of this program .revision 9999.: .* nothing was changed"
    for look in (check_revision, migrate, audit_database):
        with pytest.raises(StoreError, match=newer):
            look(postgres_url)
    with pytest.raises(StoreError, match=newer):
        async with open_store(postgres_url):
            pass


def test_looking_changes_nothing(postgres_url: str) -> None:
    with pytest.raises(StoreError, match="read-only"):
        at(postgres_url).read(lambda connection: connection.execute(text("DELETE FROM key_values")))
