from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.stage import Stage, stage
from tests.processes.crew import Crew, crew


@pytest.fixture
async def bots(tmp_path: Path, postgres_url: str) -> AsyncIterator[Crew]:
    async with crew(tmp_path, database_url=postgres_url) as here:
        yield here


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as both:
        yield both
