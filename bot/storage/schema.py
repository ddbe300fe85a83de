"""The revision of the database's schema, and migrations to another one."""

from functools import cache, partial

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.domain.errors import StoreError
from bot.storage.admin import DatabaseAdmin, database_admin


def migrate(url: str, *, revision: str = "head") -> tuple[str | None, str | None]:
    """Migrate the database to a revision, by default the newest; return the revisions before and after.

    A missing file is created. All steps take effect together, or none.

    Raises:
        StoreError: another process uses the file, or the database cannot be used; nothing was changed.
    """
    database = database_admin(url)
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
    """Return the database's revision, or None if it has none.

    Raises:
        StoreError: it is of a newer version.
    """
    revision = _revision(connection)
    require_known(database, revision)
    return revision


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
