from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness.bot import BotHarness, bot


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[BotHarness]:
    async with bot(tmp_path) as both:
        yield both
