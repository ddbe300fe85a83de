from pathlib import Path

import pytest

from tests.integration.engines import POSTGRESQL, SQLITE
from tests.unit.storage.databases import fresh, url_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test with a database on both engines."""
    if "database" in metafunc.fixturenames:
        metafunc.parametrize("database", [SQLITE, POSTGRESQL], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the `DATABASE_URL` of a database of this test's own, which need not be migrated."""
    if request.param == POSTGRESQL:
        return str(request.getfixturevalue("postgres_url"))
    return url_of(fresh(tmp_path))
