"""Databases for tests: migrated once a process, then copied."""

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import text

from bot.services.work import Work
from bot.storage.ownership import PRIVATE
from bot.storage.schema import migrate
from bot.storage.store import SqlStore
from bot.storage.work import SqlWork


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
    path.touch(mode=PRIVATE)
    path.write_bytes(_template())
    return path


async def column(store: SqlStore, query: str) -> list[object]:
    def select(work: Work) -> list[object]:
        assert isinstance(work, SqlWork)
        return list(work.connection.execute(text(query)).scalars())

    return await store.read(select)
