"""The processes of one bot on one PostgreSQL database, between a local Discord and a local provider."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.cqtai import LocalProvider, Terms
from sandbox.discord import LocalDiscord
from sandbox.discord.limits import Bucket, Limits
from sandbox.song_clock import SongClock
from tests.harness import forkserver
from tests.harness.bot import LONG_S, SONG_S, STOP_S, BotHarness
from tests.harness.failpoints import pauses
from tests.harness.forkserver import ForkedProcess
from tests.harness.settings import environment, local_settings
from tests.integration.program import ROOT

GATEWAY, WORKER = ("--role", "gateway"), ("--role", "worker")
FAST = Bucket(requests=1000, per_s=1.0)
LIMITS = Limits(
    channel_route=FAST,
    channel_webhook=FAST,
    interaction_webhook=FAST,
    bot_requests=FAST,
    interaction_deadline_s=LONG_S,
    identify_window_s=0,
)
"""Limits for hundreds of requests at the same moment, on a machine of any speed."""
HEARTBEAT_PAUSES = {
    "heartbeat.interval_s": 0.5,
    "heartbeat.ttl_s": 4.0,
    "heartbeat.shard_wait_s": 4.5,
}
"""A quarter of the product's, or less: enough for heartbeats on a busy machine."""
SETTINGS = {"POLLS_PER_S": "500", "DEFAULT_ALLOWANCE": "30000", "MAX_ACTIVE_PER_MEMBER": "1000"}


@dataclass(frozen=True, slots=True)
class BotProcess:
    """One process of the bot."""

    process: ForkedProcess
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    async def ended(self, *, within_s: float = LONG_S) -> int:
        """Wait for the process to end, and return its exit code."""
        async with asyncio.timeout(within_s):
            return await self.process.wait()

    async def stop(self) -> None:
        """Ask the process to stop, and check that it does so in time and without errors."""
        self.process.terminate()
        assert await self.ended(within_s=STOP_S) == 0, self.log[-3000:]

    async def kill(self) -> None:
        """Kill the process at once, with nothing finished."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@dataclass
class Cluster(BotHarness):
    """Both local servers, and the processes that were started between them."""

    folder: Path
    variables: dict[str, str]
    clock: SongClock
    processes: list[BotProcess] = field(default_factory=list)
    pauses: dict[str, float] = field(default_factory=dict)
    """Pauses other than leases and `HEARTBEAT_PAUSES`, in seconds by field path in `Timings`."""

    async def start(self, *arguments: str, lease_s: float | None = None) -> BotProcess:
        """Start a process of `python -m bot run`, and return before it is ready.

        With `lease_s` its leases last so long, and other pauses are short too.
        """
        module = "bot.__main__" if lease_s is None else "tests.harness.failpoint_bot"
        variables = {} if lease_s is None else pauses(HEARTBEAT_PAUSES | self.pauses, lease_s=lease_s)
        paths = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
        log_file = self.folder / f"{len(self.processes)}.log"
        with log_file.open("wb") as log:
            process = await forkserver.start(
                *(module, "run", *arguments),
                cwd=self.folder,
                env=paths | self.variables | variables,
                output=log.fileno(),
            )
        self.processes.append(BotProcess(process, log_file))
        return self.processes[-1]

    async def gateway(self, *arguments: str, lease_s: float | None = None) -> BotProcess:
        """Start a process that takes commands and does nothing else."""
        identified = self.discord.gateway.identifies
        process = await self.start(*GATEWAY, *arguments, lease_s=lease_s)
        await self.until(lambda: self.discord.gateway.identifies > identified, process)
        await self.until(self.discord.registrations, process)
        return process

    async def worker(self, *, lease_s: float | None = None, timeout_s: float = LONG_S) -> BotProcess:
        """Start a process that works, and takes no commands."""
        process = await self.start(*WORKER, lease_s=lease_s)
        await self.until(lambda: "role worker" in process.log, process, timeout_s=timeout_s)
        return process

    async def until(self, holds: Callable[[], object], *alive: BotProcess, timeout_s: float = LONG_S) -> None:
        """Wait until the condition holds; fail if one of these processes ends before."""

        def ended_or_holds() -> bool:
            for process in alive:
                assert process.process.returncode is None, process.log[-3000:]
            return bool(holds())

        try:
            await self.provider.wait_for(lambda _: ended_or_holds(), timeout_s=timeout_s)
        except TimeoutError:
            logs = "\n".join(f"{process.log_file.name}:\n{process.log[-3000:]}" for process in self.processes)
            raise AssertionError(f"it did not come to that:\n{logs}") from None


@asynccontextmanager
async def cluster(folder: Path, *, database_url: str, **changes: str) -> AsyncIterator[Cluster]:
    """Yield both servers, without a process yet; none outlives them. `changes` are other settings.

    At the end, check that the ledger is correct, and that the sandbox implements all requests.
    """
    clock = SongClock()
    terms = Terms(audio_s=0.2, cover_px=32)
    async with (
        LocalDiscord(limits=LIMITS) as discord,
        LocalProvider(song_s=SONG_S, seed=1, max_running=None, clock=clock, terms=terms) as provider,
    ):
        settings = local_settings(discord, provider, database_url=database_url)
        here = Cluster(discord, provider, settings, folder, {}, clock)
        here.variables = environment(settings, **(SETTINGS | changes))
        try:
            yield here
        finally:
            for process in here.processes:
                if process.process.returncode is None:
                    await process.kill()
        assert await asyncio.to_thread(here.breaches) == ()
        assert discord.unimplemented == []
