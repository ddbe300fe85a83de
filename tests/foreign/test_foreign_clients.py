"""Client libraries that this project does not use: their expectations are independent of ours."""

import asyncio
import os
import shutil
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from sandbox.discord import LocalDiscord
from sandbox.discord.model.message import Attachment
from sandbox.discord.schema import SchemaChecker

pytestmark = pytest.mark.long
HERE = Path(__file__).parent
NODE_FILES = ("package.json", "package-lock.json", "bot.js")
CLIENT_S, INSTALL_S = 60.0, 240.0


def need(what: str, *, there: bool) -> None:
    if there:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")


@pytest.fixture
def disnake_bot() -> list[str]:
    need("disnake", there=find_spec("disnake") is not None)
    return [sys.executable, str(HERE / "disnake_bot.py")]


@pytest.fixture
def discord_js_bot(tmp_path: Path) -> list[str]:
    npm, node = shutil.which("npm"), shutil.which("node")
    need("npm", there=npm is not None and node is not None)
    for name in NODE_FILES:
        shutil.copy(HERE / "discord_js" / name, tmp_path)
    install = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(
        install, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=INSTALL_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [str(node), str(tmp_path / "bot.js")]


@asynccontextmanager
async def online(command: list[str], local: LocalDiscord) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*command, local.api_url, local.token)
    try:
        await shown(local, process)
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def shown(local: LocalDiscord, process: Process) -> None:
    """Wait until the client has registered its commands and listens."""

    def ready() -> bool:
        assert process.returncode is None
        return bool(local.registrations() and local.gateway.connected)

    await local.wait_for(ready, timeout_s=CLIENT_S)


def files(local: LocalDiscord, name: str) -> list[Attachment]:
    messages = local.channel("general").messages
    return [each for message in messages for each in message.attachments if each.filename == name]


async def use_commands(local: LocalDiscord, *, times: int) -> None:
    """Use both commands and see an answer, its edit, a post with a file and a follow-up with a file."""
    ada = local.member("Ada")
    asked = await ada.slash("general", "hello")
    answer = await asked.answer(timeout_s=CLIENT_S)
    await local.wait_for(lambda: answer.content == "hello again", timeout_s=CLIENT_S)
    assert [state.content for state in answer.states] == ["hello", "hello again"]
    posted = await local.wait_for(lambda: files(local, "song.mp3")[times - 1 :], timeout_s=CLIENT_S)
    assert [(each.content, each.content_type) for each in posted] == [(b"sound", "audio/mpeg")]
    deferred = await ada.slash("general", "late")
    filled = await deferred.answer(timeout_s=CLIENT_S)
    assert (deferred.deferred, filled.content) == (True, "done")
    assert [each.content for each in filled.attachments] == [b"words"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("client", ["disnake_bot", "discord_js_bot"])
async def test_a_foreign_client_logs_in_syncs_answers_edits_posts_and_resumes(
    client: str, request: pytest.FixtureRequest
) -> None:
    command = request.getfixturevalue(client)
    checker = SchemaChecker()
    async with LocalDiscord(checker=checker, strict=False) as local, online(command, local):
        await use_commands(local, times=1)
        local.gateway.drop(code=None)
        await local.wait_for(lambda: local.gateway.resumes == 1, timeout_s=CLIENT_S)
        await use_commands(local, times=2)
        assert local.gateway.identifies == 1
        assert [(one.status, one.path) for one in local.requests if one.status >= 400] == []
    assert checker.problems == []
    assert local.unimplemented == []
