from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.engines import POSTGRESQL, SQLITE
from tests.e2e.stage import LONG_S, ROOMY, UNHURRIED, Stage, stage


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The setting `DATABASE_URL`: a file in the test's folder, unless the test is `on_both`."""
    if getattr(request, "param", SQLITE) == POSTGRESQL:
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'inspire.db'}"


@pytest.fixture
async def local(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> AsyncIterator[Stage]:
    """The stage; a test of many cases does not have to wait for Discord's limits between them."""
    limits = ROOMY if "subtests" in request.fixturenames else UNHURRIED
    async with stage(tmp_path, database_url=database, limits=limits) as both:
        yield both


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot's pauses between two tries are short."""
    monkeypatch.setattr("bot.services.courier.RETRY_S", 0.05)
    for pause in ("BUSY_PAUSE_S", "OUTAGE_PAUSE_S", "ACCOUNT_PAUSE_S"):
        monkeypatch.setattr(f"bot.services.gate.{pause}", 0.05)
    monkeypatch.setattr("bot.domain.turns.FIRST_BACKOFF_S", 0.0)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is deferred first because the machine is busy."""
    monkeypatch.setattr("bot.chat.showing.BUDGET_S", LONG_S)
