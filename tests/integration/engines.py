"""The engines that the whole program is tested on: SQLite always, PostgreSQL in the long run."""

import pytest

SQLITE, POSTGRESQL = "sqlite", "postgresql"
on_both = pytest.mark.parametrize(
    "database", [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.long)], indirect=True
)
"""For every test of the whole program, except those of one database's own matters, or of none's."""
of_variants = pytest.mark.of_variants
"""For a test whose cases differ only in what Discord or the provider sends: SQLite is enough for those.

What the bot then does has tests on both engines, and so has everything that it asks of a store.
"""
