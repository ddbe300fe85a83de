"""The guide's commands for backups: a backup while the bot writes, and its restoration."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.chat.delivery.status_message import TITLES
from bot.domain.requests import ACTIVE, State
from bot.services.runtime.timings import LeaseTimings
from bot.storage.store import audit_database
from sandbox.cqtai import Pace
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.databases import sources
from tests.harness.settings import environment
from tests.integration.program import ROOT

GUIDE = ROOT / "docs" / "operations" / "backup.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
"""A language, which commands have none of, and lines."""
SONGS = 6
SETTINGS = {"max_active_per_member": SONGS, "default_allowance": 3000, "max_running": 3}


@pytest.fixture(autouse=True)
def short_leases(local: BotHarness) -> None:
    """What was leased when the backup was made is free again soon."""
    local.hurry({"work.leases": LeaseTimings(submission_s=3.0, poll_s=3.0, message_s=3.0)})


def commands(title: str) -> list[str]:
    """The lines of the guide's commands under a title."""
    section = GUIDE.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n##")[0]
    typed = [lines for language, lines in BLOCK.findall(section) if not language]
    assert typed, title
    return str(typed[0]).splitlines()


def programs() -> str:
    """Where a shell finds `python` with the bot's packages, and PostgreSQL's programs."""
    servers = [str(source) for source in sources() if isinstance(source, Path)]
    return os.pathsep.join([str(Path(sys.executable).parent), *servers, os.environ["PATH"]])


async def typed(title: str, *, local: BotHarness, folder: Path) -> str:
    """What the commands under a title say, typed one after the other into one shell; each must succeed."""
    env = environment(local.settings) | {"PATH": programs(), "PYTHONPATH": str(ROOT)}
    script = "\n".join(("set -e", *commands(title)))
    process = await asyncio.create_subprocess_shell(
        script, cwd=folder, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(LONG_S):
        out, _ = await process.communicate()
    assert process.returncode == 0, f"{script}\n{out.decode()}"
    return out.decode()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def use(local: BotHarness, database_url: str) -> None:
    local.settings = local.settings.model_copy(update={"database_url": SecretStr(database_url), **SETTINGS})


def unfinished(local: BotHarness) -> int:
    return sum(count for state, count in counts(local).items() if state in ACTIVE)


def counts(local: BotHarness) -> dict[str, int]:
    return {str(state): count for state, count in audit_database(local.database_url)[1].requests.items()}


async def backed_up_while_busy(local: BotHarness, folder: Path) -> str:
    """Back up while members order and songs are finished; gives what the commands said."""
    local.provider.pace = Pace(0.3)
    async with local.bot():

        async def order() -> None:
            for number in range(SONGS):
                await local.place("Ada" if number % 2 else "Ben")

        ordering = asyncio.create_task(order())
        await local.discord.wait_for(lambda: len(local.results()) >= 1, timeout_s=LONG_S)
        said = await typed("Back up", local=local, folder=folder)
        await ordering
    return said


async def finished_after_restore(local: BotHarness) -> None:
    """Started on the restored database, the bot brings to an end what it finds pending."""
    async with local.bot():
        async with asyncio.timeout(LONG_S):
            while True:
                if not await asyncio.to_thread(unfinished, local):
                    break
                await asyncio.sleep(0.05)
        await local.shows(await local.place("Mo"), TITLES[State.DELIVERED])


def damage(path: Path) -> None:
    path.write_bytes(b"\0" * 4096)


async def test_a_file_is_backed_up_while_the_bot_writes_and_restored(
    local: BotHarness, tmp_path: Path
) -> None:
    use(local, f"sqlite:///{tmp_path / 'data' / 'inspire.db'}")
    assert "checked   intact, " in await backed_up_while_busy(local, folder=tmp_path)
    assert mode(tmp_path / "backup.db") == 0o600
    damage(tmp_path / "data" / "inspire.db")
    assert "audit     clean" in await typed("Restore", local=local, folder=tmp_path)
    assert mode(tmp_path / "data" / "inspire.db") == 0o600
    await finished_after_restore(local)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("pg_dump", path=programs()) is None, reason="no pg_dump")
async def test_a_postgresql_database_is_backed_up_while_the_bot_writes_and_restored(
    local: BotHarness, tmp_path: Path, postgres_url: str
) -> None:
    use(local, postgres_url)
    assert "checked   readable to its end" in await backed_up_while_busy(local, folder=tmp_path)
    before = counts(local)
    assert mode(tmp_path / "backup.db") == 0o600
    assert "audit     clean" in await typed("Restore", local=local, folder=tmp_path)
    assert sum(counts(local).values()) <= sum(before.values())
    await finished_after_restore(local)
