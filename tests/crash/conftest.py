from pathlib import Path

import pytest

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The `DATABASE_URL` of a database of this test's own, SQLite unless a parameter names another."""
    if getattr(request, "param", SQLITE) == POSTGRESQL:
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'inspire.db'}"
