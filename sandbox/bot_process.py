"""The real bot as a process of its own: start, stop, kill, and start again on the same database."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[1]
"""Where the package `bot` is."""
STOP_S = 20.0
"""Longer than the bot waits for running work when it is asked to stop."""
AUDIT_S = 30.0
DATABASE, LOG = "inspire.db", "bot.log"
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "TMPDIR")
"""All of this process's environment that the bot sees; it reads no other settings."""


class BotError(Exception):
    """A bot process that did not start, stop or answer as requested; the message is a sentence."""


class BotProcess:
    """A `python -m bot` process in a folder that holds its database and its log; no `.env` is read."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str], arguments: Sequence[str] = ()) -> None:
        self.folder = folder
        self.arguments = tuple(arguments)
        """The arguments of `python -m bot run`."""
        self.settings = {"DATABASE_URL": self.database_url, **settings}
        self._process: Process | None = None

    @property
    def database_url(self) -> str:
        """Return the setting that names the database in the folder."""
        return f"sqlite:///{self.folder.absolute() / DATABASE}"

    @property
    def log_file(self) -> Path:
        """Return the file with the bot's output over all its starts."""
        return self.folder / LOG

    @property
    def pid(self) -> int | None:
        """Return the id of the running process, or None."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start the process and return before it is ready.

        Raises:
            BotError: it runs already.
        """
        if self.pid is not None:
            raise BotError("The bot runs already.")
        with self.log_file.open("ab") as log:
            self._process = await self._spawn("run", *self.arguments, output=log.fileno())

    async def stop(self, *, within_s: float = STOP_S) -> int:
        """Ask the process to stop (SIGTERM) and return its exit code; kill it if that takes too long.

        Raises:
            BotError: it had to be killed, or it does not run.
        """
        process = self._running()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(within_s):
                return await process.wait()
        except TimeoutError:
            await self.kill()
            raise BotError(f"The bot did not stop within {within_s:g} s and was killed.") from None

    async def kill(self) -> None:
        """Kill the process at once (SIGKILL) and wait until it is gone; nothing is finished."""
        process = self._running()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def ended(self) -> int:
        """Wait for the process to end and return its exit code."""
        return await self._running().wait()

    async def audit(self) -> tuple[int, str]:
        """Return the exit code and output of `python -m bot audit` on this database, also while the bot runs.

        Raises:
            BotError: it took too long.
        """
        process = await self._spawn("audit", output=PIPE)
        try:
            async with asyncio.timeout(AUDIT_S):
                said, _ = await process.communicate()
        except TimeoutError:
            raise BotError(f"The audit took more than {AUDIT_S:g} s.") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, said.decode(errors="replace").strip()

    def log_tail(self, lines: int) -> list[str]:
        """Return the last lines of the log."""
        try:
            with self.log_file.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 400 * lines))
                return log.read().decode(errors="replace").splitlines()[-lines:]
        except FileNotFoundError:
            return []

    async def _spawn(self, *command: str, output: int) -> Process:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot", *command),
            cwd=self.folder,
            env=inherited | {"PYTHONPATH": str(PROJECT)} | self.settings,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=STDOUT,
            start_new_session=True,  # Ctrl-C is for the owner of this object, which then stops the bot
        )

    def _running(self) -> Process:
        if self._process is None:
            raise BotError("The bot was not started.")
        return self._process
