"""The stores that the contract is tested against, one for each engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database_url import parse_url
from bot.storage.postgres.url import PostgresUrl
from bot.storage.store import SqlStore, open_file, open_server
from tests.unit.storage.databases import fresh
from tests.unit.storage.factories import NOW


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    if request.param == "sqlite":
        async with open_file(fresh(tmp_path), clock=lambda: NOW) as opened:
            yield opened
        return
    server = parse_url(request.getfixturevalue("postgres_url"))
    assert isinstance(server, PostgresUrl)
    async with open_server(server, clock=lambda: NOW) as remote:
        yield remote
