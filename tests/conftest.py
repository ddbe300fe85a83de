"""The fixtures for all tests: databases on real PostgreSQL servers."""

import gc
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.compiled_statements import share_compiled_statements
from tests.harness.databases import (
    FOLDER,
    PostgresCluster,
    new_cluster,
    run_folder,
    server,
    sources,
    stop_all,
)

LONGEST = {
    *("test_several", "test_channel_waits", "test_random_kills", "test_kill_points", "test_power_loss"),
    *("test_stop", "test_refused_messages", "test_backup", "test_demo", "test_settings_properties"),
}
"""The files whose tests take a good part of a minute each."""
TESTS = Path(__file__).parent
SHORT = (TESTS / "unit", TESTS / "contract")
"""The folders that `make test-long` does not collect: they have no long tests."""
COVERED = (
    *SHORT,
    *(TESTS / "integration" / name for name in ("interactions", "library", "moderation", "requests")),
)
"""The folders whose tests measure coverage: together they run nearly every line.

A traced test takes half as long again, and the others run the same lines in other orders.
"""
UNCOVERED = (
    "properties",
    "upgrades",
    "project",
    "benchmarks",
    "sandbox_cqtai",
    "sandbox_discord",
    "sandbox_page",
)
"""What the name of a file or folder ends with whose tests are not traced though they are in one of those."""
ROOM = 8 * 2**30
"""The bytes of memory that have to be free for the files of the tests to be kept there."""


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # while tests are collected, nearly all that is made stays
    share_compiled_statements()
    if not hasattr(config, "workerinput"):  # the first process, whose workers inherit the variables
        _keep_files_in_memory()
        _compile_translations()
        os.environ[FOLDER] = str(Path(tempfile.gettempdir(), f"inspire-pg-{secrets.token_hex(6)}"))


def _compile_translations() -> None:
    """Compile the catalogues that have changed, as `make run` does."""
    catalogues = TESTS.parent / "bot" / "locales"
    for source in catalogues.glob("*/LC_MESSAGES/messages.po"):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            command = ("-m", "babel.messages.frontend", "--quiet", "compile", "--directory", catalogues)
            subprocess.run([sys.executable, *command], check=True)


def _keep_files_in_memory() -> None:
    """Let temporary files be in memory where there is room, so that no test waits for a slow disk."""
    shared = Path("/dev/shm")
    if "TMPDIR" not in os.environ and shared.is_dir() and shutil.disk_usage(shared).free >= ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(shared)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return three workers a processor, and four for the long tests: they wait for much of their time."""
    return (4 if config.option.markexpr == "long" else 3) * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first, so that none begins on the last worker at the end.

    Raises:
        pytest.UsageError: a long test is where `make test-long` does not look.
    """
    for item in items:
        if item.get_closest_marker("long") and any(map(item.path.is_relative_to, SHORT)):
            raise pytest.UsageError(f"{item.nodeid} is long, but `make test-long` leaves its folder out")
        if not _measures_coverage(item.path):
            item.add_marker("no_cover")
    items.sort(key=lambda item: item.path.stem not in LONGEST)


def _measures_coverage(path: Path) -> bool:
    repeats = any(name.endswith(UNCOVERED) for name in (path.stem, path.parent.name))
    return not repeats and any(map(path.is_relative_to, COVERED))


class Tracer(Protocol):
    """What traces coverage in a process, by pytest-cov."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


def pytest_collection(session: pytest.Session) -> None:
    """Trace what is imported in the first worker alone: the others import the same."""
    if (tracer := _tracer(session.config)) is not None:
        tracer.pause()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep what was collected out of garbage collection for the rest of the run."""
    gc.freeze()
    gc.enable()
    if (tracer := _tracer(session.config)) is not None:
        tracer.resume()


def _tracer(config: pytest.Config) -> Tracer | None:
    """Return the tracer of this process, if it is another than the first worker."""
    plugin = config.pluginmanager.getplugin("_cov")
    worker = getattr(config, "workerinput", {}).get("workerid", "gw0")
    tracer: Tracer | None = None if plugin is None or worker == "gw0" else plugin.cov_controller
    return tracer


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        stop_all(Path(os.environ.pop(FOLDER)))


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Yield a database of the present schema, on the first server."""
    with server(0).database() as url:
        yield url


@pytest.fixture(params=[0, 1], ids=["postgresql", "other postgresql"])
def any_postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield a database of the present schema, on two servers of different versions."""
    with server(request.param).database() as url:
        yield url


@pytest.fixture(params=[0, 1], ids=["postgresql", "other postgresql"])
def empty_postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield a database without tables, on two servers of different versions."""
    with server(request.param).database(template="template0") as url:
        yield url


@pytest.fixture
def own_cluster() -> Iterator[PostgresCluster]:
    """Yield a server that the test can stop and start."""
    server(0)  # skips where there is none
    programs = next((source for source in sources() if isinstance(source, Path)), None)
    if programs is None:
        pytest.skip("no PostgreSQL programs to start a server of the test's own with")
    cluster = new_cluster(run_folder() / f"own-{secrets.token_hex(6)}", programs)
    cluster.server.make_template()
    yield cluster
    cluster.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted."""
    for report in terminalreporter.getreports("passed"):
        if report.user_properties:
            counts = ", ".join(f"{name}: {count}" for name, count in report.user_properties)
            terminalreporter.write_line(f"{report.nodeid}\n  {counts}")
