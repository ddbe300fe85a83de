"""Dialects whose engines share what they have compiled.

Every test opens engines of its own for the same statements. Without these dialects SQLAlchemy compiles all of
them for each engine, a sixth of what a bot under test does.
"""

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import CompiledCacheType
from sqlalchemy.util import LRUCache
from typing_extensions import override

_COMPILED: CompiledCacheType = LRUCache(4_000)


class _Shared(Dialect):
    """Equals each dialect of its kind and server version, so that the cache has one entry for all."""

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._version == other._version

    @override
    def __hash__(self) -> int:
        return hash(type(self))

    @property
    def _version(self) -> object:
        return getattr(self, "server_version_info", None)

    @classmethod
    @override
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_COMPILED)


class SharedSqlite(_Shared, SQLiteDialect_pysqlite):
    """SQLite's."""

    supports_statement_cache = True


class SharedPostgres(_Shared, PGDialect_asyncpg):
    """PostgreSQL's."""

    supports_statement_cache = True


def share_compiled_statements() -> None:
    """Let every engine that this process creates from now on share its compiled statements."""
    registry.register("sqlite", __name__, SharedSqlite.__name__)
    registry.register("postgresql.asyncpg", __name__, SharedPostgres.__name__)
