"""The bot as an operator runs it: `python -m bot`, in a process of its own."""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from tests.harness import forkserver
from tests.harness.bot import LONG_S, STOP_S, BotHarness
from tests.harness.settings import environment

ROOT = Path(__file__).parents[2]
POWERLESS = ("--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")
LONGEST_WORDS = 10_000_000
"""Bytes; more than a command prints."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one run of the program."""

    code: int
    out: str
    err: str


async def begin(*command: str, env: Mapping[str, str], folder: Path, as_plain_user: bool = False) -> Process:
    """A running program, in a folder without a `.env` of ours.

    As a plain user it may not write what the file's mode forbids, even if root runs the tests.
    """
    paths = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    line = [sys.executable, "-m", "bot", *command]
    if as_plain_user and os.geteuid() == 0:
        line = [shutil.which("setpriv") or "setpriv", *POWERLESS, *line]
    return await asyncio.create_subprocess_exec(
        *line, env=paths | dict(env), cwd=folder, stdout=PIPE, stderr=PIPE
    )


@dataclass(frozen=True, slots=True)
class Fork:
    """The program in a forked process that has already imported it; used like the other one."""

    child: forkserver.ForkedProcess
    out: BinaryIO
    err: BinaryIO

    @property
    def returncode(self) -> int | None:
        return self.child.returncode

    def send_signal(self, number: signal.Signals) -> None:
        self.child.send_signal(number)

    async def communicate(self) -> tuple[bytes, bytes]:
        """Wait for its end, and return what it has written."""
        await self.child.wait()
        out, err = (os.pread(file.fileno(), LONGEST_WORDS, 0) for file in (self.out, self.err))
        return out, err


@asynccontextmanager
async def forked(*command: str, env: Mapping[str, str], folder: Path) -> AsyncIterator[Fork]:
    """Yield a command of the program that runs in a fork; it is killed if it has not ended at the end."""
    with TemporaryFile() as out, TemporaryFile() as err:
        child = await forkserver.start(
            "bot.__main__", *command, cwd=folder, env={"PATH": os.environ["PATH"]} | dict(env),
            output=out.fileno(), errors=err.fileno(),
        )  # fmt: skip
        try:
            yield Fork(child, out, err)
        finally:
            child.send_signal(signal.SIGKILL)
            await child.wait()


async def ended(process: Process | Fork, *, within_s: float = LONG_S) -> Outcome:
    """How it ended."""
    async with asyncio.timeout(within_s):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Outcome(process.returncode, out.decode(), err.decode())


async def stopped(process: Process | Fork, *, by: signal.Signals = signal.SIGTERM) -> Outcome:
    """How it ended after it was asked to stop, in the time that it has promised."""
    process.send_signal(by)
    return await ended(process, within_s=STOP_S)


def content(path: Path) -> bytes | None:
    """The file's bytes; None when there is no such file."""
    return path.read_bytes() if path.exists() else None


def write(path: Path, new: bytes) -> None:
    """The file has this content."""
    path.write_bytes(new)


async def bot(*command: str, env: Mapping[str, str], folder: Path, as_plain_user: bool = False) -> Outcome:
    """Run a command of the program in a forked process that has already imported it."""
    if as_plain_user:
        return await ended(await begin(*command, env=env, folder=folder, as_plain_user=True))
    async with forked(*command, env=env, folder=folder) as process:
        return await ended(process)


@asynccontextmanager
async def serving(local: BotHarness, *, folder: Path, **changes: str | None) -> AsyncIterator[Fork]:
    """Yield the command `run`, connected."""
    async with forked("run", env=environment(local.settings, **changes), folder=folder) as process:
        await local.discord.wait_for(lambda: local.discord.gateway.connected, timeout_s=LONG_S)
        yield process
