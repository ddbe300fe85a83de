from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness.bot import LONG_S, ROOMY, UNHURRIED, BotHarness, bot
from tests.integration.engines import POSTGRESQL, SQLITE
from tests.timings import PATIENT


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the setting `DATABASE_URL`: a file in the test's folder, unless the test is `on_both`."""
    if getattr(request, "param", SQLITE) == POSTGRESQL:
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'inspire.db'}"


@pytest.fixture
async def local(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> AsyncIterator[BotHarness]:
    """Yield the bot's harness; a test of many cases does not wait for Discord's limits between them."""
    limits = ROOMY if "subtests" in request.fixturenames else UNHURRIED
    async with bot(tmp_path, database_url=database, limits=limits) as both:
        yield both


@pytest.fixture
def patient(local: BotHarness) -> None:
    """Shorten the bot's pauses between two tries."""
    local.hurry(PATIENT)


@pytest.fixture
def unhurried(local: BotHarness) -> None:
    """Keep answers from being deferred because the machine is busy."""
    local.hurry({"chat.defer_s": LONG_S})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of variants out on PostgreSQL."""
    left_out = [
        item for item in items if item.get_closest_marker("of_variants") and engine(item) == POSTGRESQL
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def engine(item: pytest.Item) -> object:
    assert isinstance(item, pytest.Function)
    return item.callspec.params["database"]
