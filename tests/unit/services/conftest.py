from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.services.house import House, house


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as found:
        yield found
        assert not await found.breaches()
