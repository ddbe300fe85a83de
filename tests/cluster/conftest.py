from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness.bot import BotHarness, bot
from tests.harness.cluster import Cluster, cluster


@pytest.fixture
async def bots(tmp_path: Path, postgres_url: str) -> AsyncIterator[Cluster]:
    async with cluster(tmp_path, database_url=postgres_url) as here:
        yield here


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[BotHarness]:
    async with bot(tmp_path) as both:
        yield both
