"""A PostgreSQL server that the bot cannot use: each is a sentence, and nothing is changed."""

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.harness.bot import BotHarness
from tests.harness.databases import execute
from tests.harness.settings import environment
from tests.integration import program
from tests.integration.cli.test_command_line import told_in_words
from tests.integration.database_contents import emptied, kept
from tests.integration.engines import POSTGRESQL

HUSH = "hush/hush:1"
"""A password with characters that a URL has to escape."""
COMMANDS = ["run", "migrate", "audit", "sync"]

pytestmark = [pytest.mark.long, pytest.mark.parametrize("database", [POSTGRESQL], indirect=True)]


def other(url: str, **parts: object) -> str:
    """The URL with other parts."""
    return make_url(url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type] # any part


@pytest.fixture
def guest(database: str) -> Iterator[str]:
    """The URL for a user who may come in and has no rights on anything."""
    name = f"guest_{secrets.token_hex(6)}"
    execute(database, f"CREATE ROLE {name} LOGIN PASSWORD '{HUSH}'")
    try:
        yield other(database, username=name, password=HUSH)
    finally:
        execute(database, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def let_read(database: str, guest: str) -> None:
    """The guest may read all tables."""
    execute(database, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {make_url(guest).username}")


async def refused(local: BotHarness, command: str, *, folder: Path, url: str, code: int = 1) -> str:
    """What the command says; nothing was changed, and no password is in it."""
    before = kept(local.database_url)
    outcome = await program.bot(command, env=environment(local.settings, DATABASE_URL=url), folder=folder)
    said = told_in_words(outcome, code)
    for password in (make_url(url).password, make_url(local.database_url).password):
        assert str(password) not in said
    assert url not in said
    assert kept(local.database_url) == before
    assert local.submissions == []
    return said


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_server_that_is_down_is_a_sentence(local: BotHarness, tmp_path: Path, command: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = other(local.database_url, port=free.getsockname()[1])
        said = await refused(local, command, folder=tmp_path, url=url)
    assert "cannot be reached: see that its server runs and takes connections from here" in said


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_wrong_password_is_a_sentence(local: BotHarness, tmp_path: Path, command: str) -> None:
    url = other(local.database_url, password=HUSH)
    said = await refused(local, command, folder=tmp_path, url=url, code=2)
    assert "refuses the user or the password: check both in DATABASE_URL" in said


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_database_that_is_missing_is_a_sentence(
    local: BotHarness, tmp_path: Path, command: str
) -> None:
    url = other(local.database_url, database="no_such_songs")
    said = await refused(local, command, folder=tmp_path, url=url, code=2)
    assert "does not exist: create it, or correct its name in DATABASE_URL" in said


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_user_without_rights_is_a_sentence(
    local: BotHarness, guest: str, tmp_path: Path, command: str
) -> None:
    said = await refused(local, command, folder=tmp_path, url=guest)
    assert "does not let its user do this: give the user rights on its tables" in said


@pytest.mark.parametrize("command", ["run", "sync"])
async def test_a_user_who_may_only_read_is_a_sentence(
    local: BotHarness, database: str, guest: str, tmp_path: Path, command: str
) -> None:
    let_read(database, guest)
    said = await refused(local, command, folder=tmp_path, url=guest)
    assert "does not let its user do this: give the user rights on its tables" in said


async def test_a_user_who_may_make_no_tables_is_a_sentence(
    local: BotHarness, guest: str, tmp_path: Path
) -> None:
    emptied(local.database_url)
    said = await refused(local, "migrate", folder=tmp_path, url=guest)
    assert "does not let its user do this" in said


async def test_a_user_who_may_only_read_can_audit(
    local: BotHarness, database: str, guest: str, tmp_path: Path
) -> None:
    let_read(database, guest)
    env = environment(local.settings, DATABASE_URL=guest)
    assert "clean" in told_in_words(await program.bot("audit", env=env, folder=tmp_path), 0)


@pytest.mark.parametrize("command", ["run", "sync"])
async def test_a_database_for_reading_only_is_a_sentence(
    local: BotHarness, database: str, tmp_path: Path, command: str
) -> None:
    name = make_url(database).database
    execute(database, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    said = await refused(local, command, folder=tmp_path, url=database)
    assert "is read-only (a standby?): point DATABASE_URL at the primary server" in said


async def test_a_new_database_for_reading_only_is_a_sentence(
    local: BotHarness, database: str, tmp_path: Path
) -> None:
    emptied(database)
    execute(database, f"ALTER DATABASE {make_url(database).database} SET default_transaction_read_only = on")
    said = await refused(local, "migrate", folder=tmp_path, url=database)
    assert "is read-only (a standby?): point DATABASE_URL at the primary server" in said


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"password": HUSH}, "refuses the user or the password"),
        ({"database": "no_such_songs"}, "does not exist"),
        ({"port": 9}, "cannot be reached"),
    ],
    ids=["password", "database", "port"],
)
async def test_check_tells_of_a_database_that_cannot_be_used(
    local: BotHarness, tmp_path: Path, parts: dict[str, object], words: str
) -> None:
    said = await refused(local, "check", folder=tmp_path, url=other(local.database_url, **parts))
    (failed,) = [line for line in said.splitlines() if "FAIL" in line]
    assert failed.startswith("database")
    assert words in failed


async def test_an_address_without_a_database_is_a_sentence(local: BotHarness, tmp_path: Path) -> None:
    url = "postgresql://somebody:hush@127.0.0.1"
    said = await refused(local, "run", folder=tmp_path, url=url, code=2)
    assert "names no database" in said
