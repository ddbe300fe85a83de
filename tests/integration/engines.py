"""The engines that the whole program is tested on: SQLite always, PostgreSQL in the long run."""

import pytest

SQLITE, POSTGRESQL = "sqlite", "postgresql"
on_both = pytest.mark.parametrize(
    "database", [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.long)], indirect=True
)
"""For every test of the whole program, except those of one database's own matters, or of none's."""
