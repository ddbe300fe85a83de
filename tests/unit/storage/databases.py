"""Databases for tests: migrated once a process, then copied."""

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import text

from bot.services.unit_of_work import UnitOfWork
from bot.storage.schema import migrate
from bot.storage.sqlite.file_lock import PRIVATE
from bot.storage.store import SqlStore
from bot.storage.unit_of_work import SqlUnitOfWork


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "template.db")
        migrate(url_of(path))
        return path.read_bytes()


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def fresh(folder: Path, name: str = "inspire.db") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=PRIVATE)
    path.write_bytes(_template())
    return path


async def column(store: SqlStore, query: str) -> list[object]:
    def select(uow: UnitOfWork) -> list[object]:
        assert isinstance(uow, SqlUnitOfWork)
        return list(uow.connection.execute(text(query)).scalars())

    return await store.read(select)
