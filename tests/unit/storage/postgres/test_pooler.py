"""PgBouncer in transaction mode: each transaction can get another connection to the server."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.domain.errors import MisconfiguredError
from bot.storage.schema import migrate
from bot.storage.store import open_store
from tests.harness.databases import ledger_breaches, run_folder, server_user
from tests.operations.monitoring import free_port
from tests.unit.storage.databases import column
from tests.unit.storage.factories import place

PROGRAM = shutil.which("pgbouncer", path=f"/usr/sbin:{os.environ['PATH']}")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no pgbouncer: install Debian's package of that name")
IGNORED = "ignore_startup_parameters = statement_timeout,lock_timeout,idle_in_transaction_session_timeout"
POOLED = "?statement_cache_size=0"


@contextmanager
def pooling(database_url: str, folder: Path, *settings: str) -> Iterator[str]:
    """A pooler in transaction mode with three connections; gives the URL of the database through it."""
    url, port = make_url(database_url), free_port()
    folder.mkdir(mode=0o700)
    users, config = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{url.username}" "{url.password}"\n')
    lines = (
        "[databases]", f"* = host={url.host} port={url.port or 5432}",
        "[pgbouncer]", "listen_addr = 127.0.0.1", f"listen_port = {port}", "unix_socket_dir =",
        "auth_type = md5", f"auth_file = {users}", "pool_mode = transaction", "default_pool_size = 3",
        *settings, "",
    )  # fmt: skip
    config.write_text("\n".join(lines))
    user, group = server_user()
    for path in (folder, users, config):
        os.chown(path, user, group)
    login = (user, group, ()) if os.geteuid() == 0 else (None, None, None)
    process = subprocess.Popen(
        [str(PROGRAM), "-q", str(config)], stderr=subprocess.DEVNULL,
        user=login[0], group=login[1], extra_groups=login[2],
    )  # fmt: skip
    try:
        wait_for(port)
        yield url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def wait_for(port: int) -> None:
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("the pooler did not start")


@pytest.fixture
def folder() -> Path:
    return run_folder() / f"pooler-{os.urandom(4).hex()}"


async def placed_by_two(url: str) -> None:
    """Two processes have placed requests at the same time, each for another member."""
    async with open_store(url) as one, open_store(url) as other:
        await asyncio.gather(*((one, other)[n % 2].write(place, n, n) for n in range(1, 41)))
        assert len(await column(one, "SELECT id FROM requests")) == 40
        assert await ledger_breaches(other) == []


async def test_a_bot_that_is_told_of_it_works(postgres_url: str, folder: Path) -> None:
    with pooling(postgres_url, folder) as url:
        before, after = await asyncio.to_thread(migrate, url + POOLED)
        assert before == after
        await placed_by_two(url + POOLED)


async def test_a_bot_that_is_not_told_of_it_says_what_is_missing(postgres_url: str, folder: Path) -> None:
    with (
        pooling(postgres_url, folder) as url,
        pytest.raises(MisconfiguredError, match=r"add \?statement_cache_size=0 to DATABASE_URL"),
    ):
        await asyncio.to_thread(migrate, url)


async def test_a_pooler_that_takes_the_settings_is_found_out_by_its_statements(
    postgres_url: str, folder: Path
) -> None:
    with (
        pooling(postgres_url, folder, IGNORED) as url,
        pytest.raises(MisconfiguredError, match=r"add \?statement_cache_size=0 to DATABASE_URL"),
    ):
        await placed_by_two(url)
