from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness.services import ServicesHarness, harness


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[ServicesHarness]:
    async with harness(tmp_path) as found:
        yield found
        assert not await found.breaches()
