import os
import shutil
from pathlib import Path

import pytest

from tests.harness.bot import BotHarness
from tests.harness.settings import environment
from tests.integration import program
from tests.integration.cli.test_command_line import told_in_words
from tests.integration.database_contents import change, emptied, kept
from tests.integration.engines import on_both
from tests.integration.program import content, write

WRITING = ["run", "migrate"]
NEWER = "UPDATE alembic_version SET version_num = '9999'"
needs_modes = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write every file"
)


@pytest.fixture
async def ledger(local: BotHarness) -> str:
    """The URL of a database with one finished song."""
    async with local.bot():
        await local.placed_result()
    return local.database_url


@pytest.fixture
def file(ledger: str, tmp_path: Path) -> Path:
    """The file with one finished song."""
    return tmp_path / "inspire.db"


def protect(path: Path) -> None:
    path.chmod(0o444)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def make_shared(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o770)


def share(path: Path) -> None:
    path.chmod(0o660)


def make_protected(folder: Path) -> None:
    folder.mkdir(mode=0o555)


@on_both
async def test_migrate_makes_the_database_and_says_so_again(local: BotHarness, tmp_path: Path) -> None:
    env = environment(local.settings, DATABASE_URL=emptied(local.database_url))
    first = told_in_words(await program.bot("migrate", env=env, folder=tmp_path), 0)
    second = told_in_words(await program.bot("migrate", env=env, folder=tmp_path), 0)
    assert "(new -> " in first
    assert "(new -> " not in second
    assert kept(local.database_url)


async def test_what_a_bot_makes_is_its_users_alone(local: BotHarness, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'inspire.db'}"
    async with program.serving(local, folder=tmp_path, DATABASE_URL=url) as process:
        modes = {path.name: mode(path) for path in (tmp_path / "data", *files(tmp_path / "data"))}
        told_in_words(await program.stopped(process), 0)
    assert modes == {
        "data": 0o700,
        "inspire.db": 0o600,
        "inspire.db-shm": 0o600,
        "inspire.db-wal": 0o600,
        "inspire.db.lock": 0o600,
    }


async def test_the_modes_of_what_is_there_are_left_alone(local: BotHarness, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    make_shared(folder)
    env = environment(local.settings, DATABASE_URL=f"sqlite:///{folder / 'inspire.db'}")
    told_in_words(await program.bot("migrate", env=env, folder=tmp_path), 0)
    assert mode(folder) == 0o770
    share(folder / "inspire.db")
    told_in_words(await program.bot("migrate", env=env, folder=tmp_path), 0)
    assert mode(folder / "inspire.db") == 0o660


@on_both
async def test_the_audit_of_good_books_is_clean(local: BotHarness, ledger: str, tmp_path: Path) -> None:
    said = told_in_words(await program.bot("audit", env=environment(local.settings), folder=tmp_path), 0)
    assert "1 delivered" in said
    assert "90 granted = 60 available + 0 on hold + 30 used" in said
    assert "clean" in said


@on_both
async def test_the_audit_of_damaged_books_names_the_breach(
    local: BotHarness, ledger: str, tmp_path: Path
) -> None:
    change(ledger, "UPDATE accounts SET debits_posted = debits_posted - 10 WHERE kind <> 'system'")
    before = kept(ledger)
    said = told_in_words(await program.bot("audit", env=environment(local.settings), folder=tmp_path), 1)
    assert "BREACH" in said
    assert "its transfers come to 90, 0 and 30" in said
    assert kept(ledger) == before


@on_both
async def test_the_audit_may_run_beside_the_bot(local: BotHarness, tmp_path: Path) -> None:
    async with local.bot():
        await local.placed_result()
        said = told_in_words(await program.bot("audit", env=environment(local.settings), folder=tmp_path), 0)
    assert "1 delivered" in said


@on_both
async def test_an_audit_without_a_database_says_what_to_do(local: BotHarness, tmp_path: Path) -> None:
    env = environment(local.settings, DATABASE_URL=emptied(local.database_url))
    said = told_in_words(await program.bot("audit", env=env, folder=tmp_path), 1)
    assert "run the command `migrate`" in said
    assert not kept(local.database_url)


@on_both
@pytest.mark.parametrize("command", WRITING)
async def test_a_database_of_a_newer_version_is_left_alone(
    local: BotHarness, ledger: str, tmp_path: Path, command: str
) -> None:
    change(ledger, NEWER)
    before = kept(ledger)
    said = told_in_words(await program.bot(command, env=environment(local.settings), folder=tmp_path), 1)
    assert "was made by a newer version of this program (revision 9999)" in said
    assert kept(ledger) == before


@on_both
async def test_check_tells_of_a_database_of_a_newer_version(
    local: BotHarness, ledger: str, tmp_path: Path
) -> None:
    change(ledger, NEWER)
    before = kept(ledger)
    said = told_in_words(await program.bot("check", env=environment(local.settings), folder=tmp_path), 1)
    assert "database  FAIL" in said
    assert kept(ledger) == before


@pytest.mark.parametrize("command", WRITING)
async def test_a_database_that_another_bot_uses_is_left_alone(
    local: BotHarness, tmp_path: Path, command: str
) -> None:
    async with local.bot():
        env = environment(local.settings)
        said = told_in_words(await program.bot(command, env=env, folder=tmp_path), 1)
        assert "is in use by another process of the bot: stop that one first" in said
        await local.placed_result()


@needs_modes
async def test_a_database_that_may_not_be_written_is_a_sentence(
    local: BotHarness, file: Path, tmp_path: Path
) -> None:
    protect(file)
    before = content(file)
    outcome = await program.bot("sync", env=environment(local.settings), folder=tmp_path, as_plain_user=True)
    assert "is read-only: let the bot's user write the file" in told_in_words(outcome, 1)
    assert content(file) == before


@needs_modes
async def test_the_bot_does_not_start_on_a_database_that_may_not_be_written(
    local: BotHarness, file: Path, tmp_path: Path
) -> None:
    protect(file)
    before = content(file)
    outcome = await program.bot("run", env=environment(local.settings), folder=tmp_path, as_plain_user=True)
    assert "is read-only: let the bot's user write the file" in told_in_words(outcome, 1)
    assert content(file) == before


@needs_modes
async def test_a_folder_that_may_not_be_written_is_a_sentence(local: BotHarness, tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    make_protected(folder)
    env = environment(local.settings, DATABASE_URL=f"sqlite:///{folder / 'inspire.db'}")
    outcome = await program.bot("migrate", env=env, folder=tmp_path, as_plain_user=True)
    assert "Let the bot's user write its folder" in told_in_words(outcome, 1)


async def test_a_file_that_is_no_database_is_left_alone(local: BotHarness, tmp_path: Path) -> None:
    path = tmp_path / "inspire.db"
    before = b"Dear diary, " * 200
    write(path, before)
    said = told_in_words(await program.bot("run", env=environment(local.settings), folder=tmp_path), 2)
    assert "is not a SQLite database" in said
    assert content(path) == before
