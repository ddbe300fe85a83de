"""The revision of the database's schema, and migrations to another one."""

from functools import cache, partial

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from bot.domain.errors import MisconfiguredError, StoreError
from bot.storage.admin import DatabaseAdmin, database_admin
from bot.storage.tables import METADATA, REVISIONS


def migrate(url: str, *, revision: str = "head") -> tuple[str | None, str | None]:
    """Migrate the database to a revision, by default the newest; return the revisions before and after.

    A missing file is created. All steps take effect together, or none.

    Raises:
        StoreError: another process uses the file, or the database cannot be used; nothing was changed.
    """
    database = database_admin(url)
    if database.exists():
        database.read(partial(known_revision, database))  # opening another program's file to write changes it
    return database.write(partial(_migrate, revision, database))


def is_current(database: DatabaseAdmin) -> bool:
    """Tell whether the database has the revision that this version needs; else `migrate` has to be run.

    It may be called while a bot uses the database, and changes nothing.

    Raises:
        StoreError: the database is of a newer version, or cannot be used.
    """
    if not database.exists():
        return False
    return database.read(partial(known_revision, database)) == _scripts().get_current_head()


def _migrate(revision: str, database: DatabaseAdmin, connection: Connection) -> tuple[str | None, str | None]:
    before = known_revision(database, connection)
    down = revision != "head"
    (command.downgrade if down else command.upgrade)(_config(connection), revision)
    return before, _revision(connection)


def known_revision(database: DatabaseAdmin, connection: Connection) -> str | None:
    """Return the database's revision, or None if it is empty.

    Raises:
        StoreError: it is of a newer version, or lacks what its revision has.
        MisconfiguredError: it is another program's.
    """
    revision = _revision(connection)
    require_known(database, revision)
    if revision is None:
        _require_empty(database, connection)
    elif revision == _scripts().get_current_head():
        _require_complete(database, connection, revision)
    return revision


def _require_empty(database: DatabaseAdmin, connection: Connection) -> None:
    found = set(inspect(connection).get_table_names())
    if connection.dialect.name == "postgresql":
        found &= METADATA.tables.keys()  # programs can share a server's database, but no file
    if found - {REVISIONS}:
        raise MisconfiguredError(
            f"The database {database} is another program's: it has the tables "
            f"{', '.join(sorted(found)[:3])}. Let DATABASE_URL name a new one; nothing was changed."
        )


def _require_complete(database: DatabaseAdmin, connection: Connection, revision: str) -> None:
    found = {name: columns for (_, name), columns in inspect(connection).get_multi_columns().items()}
    missing = [
        f"{table.name}.{column.name}" if table.name in found else table.name
        for table in METADATA.sorted_tables
        for column in table.columns
        if column.name not in {known["name"] for known in found.get(table.name, ())}
    ]
    indexes = {str(index.name) for table in METADATA.sorted_tables for index in table.indexes}
    missing = missing or [f"the index {name}" for name in sorted(indexes - _indexes(connection))]
    if missing:
        lacking = ", ".join(dict.fromkeys(missing))
        raise StoreError(
            f"The database {database} is of revision {revision}, but lacks {lacking}: it was changed by "
            "hand, or only a part was restored. Restore a backup; nothing was changed."
        )


def _indexes(connection: Connection) -> set[str]:
    """Return the names of all indexes that the connection leads to."""
    query = "SELECT name FROM sqlite_master WHERE type = 'index'"
    if connection.dialect.name == "postgresql":
        query = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
    return set(connection.exec_driver_sql(query).scalars())


def require_known(source: object, revision: str | None) -> None:
    """Refuse a revision of the source, a database or a backup, that this version does not know.

    Raises:
        StoreError: it is of a newer version.
    """
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"The database {source} was made by a newer version of this program (revision {revision}): "
            "install that version or restore an older backup; nothing was changed."
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(None))


def _config(connection: Connection | None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "bot.storage:migrations")
    config.set_main_option("path_separator", "os")
    return config
