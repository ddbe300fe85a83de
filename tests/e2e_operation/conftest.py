from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.stage import Stage, stage


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as both:
        yield both
