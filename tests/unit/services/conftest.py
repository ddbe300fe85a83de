from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness.services import ServicesHarness, services_harness


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ServicesHarness]:
    async with services_harness(tmp_path) as found:
        yield found
        assert not await found.breaches()
