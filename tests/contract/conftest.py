"""The stores that the contract is held against, one an engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.servers import Server
from bot.storage.store import SqlStore, open_file, open_server
from bot.storage.urls import read_url
from tests.unit.storage.databases import fresh
from tests.unit.storage.making import NOW


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    if request.param == "sqlite":
        async with open_file(fresh(tmp_path), clock=lambda: NOW) as opened:
            yield opened
        return
    server = read_url(request.getfixturevalue("postgres_url"))
    assert isinstance(server, Server)
    async with open_server(server, clock=lambda: NOW) as remote:
        yield remote
