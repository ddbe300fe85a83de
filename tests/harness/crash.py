"""A bot that is killed between a local Discord and a local provider, which both keep running."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, select

from bot.domain.requests import ACTIVE, Request
from bot.services.runtime.timings import WorkTimings
from bot.services.unit_of_work import UnitOfWork
from bot.shutdown import DRAIN_S
from bot.storage.admin import database_admin
from bot.storage.sqlite.store import utc_now
from bot.storage.tables import outbox, requests
from bot.storage.unit_of_work import SqlUnitOfWork
from sandbox.cqtai import PLAYLISTS, LocalProvider, Terms
from sandbox.discord import LocalDiscord
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.limits import Bucket, Limits
from tests.harness import forkserver
from tests.harness.bot import STOP_S
from tests.harness.failpoints import DIES_AT, PASSED, REPEATABLE, Failpoint, pauses
from tests.harness.forkserver import ForkedProcess
from tests.harness.settings import environment, local_settings

ROOT = Path(__file__).resolve().parents[2]
SONG_S = 0.3
"""Songs are fast: the order of events is tested, not their pace."""
LONG_S = 40.0
"""More than anything here takes, also on a busy machine; what is awaited is an event, never a time."""
PATIENT_LEASE_S = 30.0
SHORT_LEASE_S = 3.0
"""Outlasts a submission on a busy machine too."""
QUICK_LEASE_S = 1.5
"""That of polls and messages, which can be repeated, of a hasty bot."""
MEMBERS = 8
FAST = Bucket(requests=1000, per_s=1.0)
SETTINGS = {
    "POLL_MIN_S": "0.05",
    "POLL_MAX_S": "0.15",
    "POLLS_PER_S": "500",
    "STATUS_EDIT_MIN_S": "0.02",
    "MAX_RUNNING": "6",
    "DEFAULT_ALLOWANCE": "3000",
    "MAX_ACTIVE_PER_MEMBER": "20",
    "MAX_WAITING_PER_SERVER": "1000",
}


class FailpointBot:
    """A process of `python -m tests.harness.failpoint_bot run`: start, kill or stop, start again."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._settings = dict(settings)
        self._process: ForkedProcess | None = None
        self.fatal_file, self.passed_file = folder / "fatal", folder / "passed"
        self.log_file = folder / "bot.log"
        self.ping_after_s = WorkTimings().ping_after_s

    def set_settings(self, **settings: str) -> None:
        """Change these settings from its next start on."""
        self._settings |= settings

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(
        self,
        *,
        dies_at: Failpoint | None = None,
        lease_s: float = PATIENT_LEASE_S,
        is_hasty: bool = False,
        drain_s: float = DRAIN_S,
    ) -> None:
        self.die_at(dies_at)
        variables = {DIES_AT: str(self.fatal_file), PASSED: str(self.passed_file)}
        others = {"drain_s": drain_s, "work.retries.member.first_s": 0.0}
        others["work.ping_after_s"] = self.ping_after_s
        if is_hasty:
            others |= dict.fromkeys(REPEATABLE, QUICK_LEASE_S)
        variables |= pauses(others, lease_s=lease_s)
        paths = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
        with self.log_file.open("ab") as log:
            self._process = await forkserver.start(
                "tests.harness.failpoint_bot",
                "run",
                cwd=self._folder,
                env=paths | self._settings | variables,
                output=log.fileno(),
            )

    def die_at(self, point: Failpoint | None) -> None:
        """Let it die at this point of its start or of the next song; forget what it has passed."""
        self.passed_file.unlink(missing_ok=True)
        self.fatal_file.write_text(str(point or ""))

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    async def ended(self, *, within_s: float = LONG_S) -> int:
        assert self._process is not None
        async with asyncio.timeout(within_s):
            return await self._process.wait()

    async def kill(self) -> None:
        self._send(signal.SIGKILL)
        await self.ended()

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def passed(self) -> set[str]:
        return set(self.passed_file.read_text().split()) if self.passed_file.exists() else set()


P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A song that a member asked for; its prompt identifies it, also at the provider."""

    invocation: Invocation
    who: str
    user_id: int
    prompt: str

    @property
    def id(self) -> int:
        return self.invocation.id

    @property
    def status_id(self) -> int | None:
        """Return the answer's message id, if there is one: also the id of a late task's request."""
        return self.invocation.original.id if self.invocation.original else None


@dataclass
class CrashHarness:
    """Both local servers, the bot's process, and all requests."""

    discord: LocalDiscord
    provider: LocalProvider
    bot: FailpointBot
    database_url: str
    asked: list[Asked] = field(default_factory=list)

    async def start(
        self,
        *,
        dies_at: Failpoint | None = None,
        lease_s: float = PATIENT_LEASE_S,
        is_hasty: bool = False,
        drain_s: float = DRAIN_S,
    ) -> bool:
        """Start the bot and wait until it takes commands; return False if it died before."""
        identified, gateway = self.discord.gateway.identifies, self.discord.gateway
        await self.bot.start(dies_at=dies_at, lease_s=lease_s, is_hasty=is_hasty, drain_s=drain_s)
        await self.until(
            lambda: not self.bot.alive or (gateway.identifies > identified and gateway.connected)
        )
        return self.bot.alive

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until the condition holds.

        Raises:
            TimeoutError: it did not in time.
        """
        await self.provider.wait_for(lambda _: bool(holds()), timeout_s=LONG_S)

    async def idle(self) -> None:
        """Wait until the bot, which runs, has nothing to do for any request."""
        database = database_admin(self.database_url)
        await self.until(lambda: not database.read(_work_left))

    async def order(self, who: str = "Ada", *, prompt: str | None = None) -> Asked:
        """Send off `/inspire` as a member; each request has a prompt of its own."""
        prompt = prompt or f"song number {len(self.asked) + 1}"
        member = self.discord.member(who)
        invocation = await member.slash(
            "songs", "inspire", past_picker=True, playlist=PLAYLISTS[0].id, prompt=prompt
        )
        asked = Asked(invocation, who, member.id, prompt)
        self.asked.append(asked)
        return asked

    def requests(self) -> dict[int, Request]:
        """Return the requests in the database, those of late tasks too; the bot must not run."""
        assert not self.bot.alive
        ids = [asked.id for asked in self.asked]
        ids += [asked.status_id for asked in self.asked if asked.status_id is not None]
        found = self.read(_find_all, ids)
        return {request.id: request for request in found}

    def read(self, unit: Callable[Concatenate[UnitOfWork, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit that writes nothing, on a connection of its own; return its result."""
        return database_admin(self.database_url).read(
            lambda connection: unit(SqlUnitOfWork(connection, utc_now), *args, **kwargs)
        )

    async def stop(self) -> None:
        """Ask the bot to stop, and check that it stops in time."""
        self.bot.terminate()
        assert await self.bot.ended(within_s=STOP_S) == 0, self.bot.log()[-3000:]


def _work_left(connection: Connection) -> bool:
    """Tell whether a request is active, or one of its messages due or being sent."""
    active = select(requests.c.id).where(requests.c.state.in_(ACTIVE) | requests.c.lease_owner.is_not(None))
    due = select(outbox.c.source_id).where(outbox.c.due_at.is_not(None) | outbox.c.lease_owner.is_not(None))
    return connection.execute(active.union_all(due)).first() is not None


def _find_all(uow: UnitOfWork, ids: list[int]) -> list[Request]:
    return [request for request in map(uow.requests.find, ids) if request is not None]


@asynccontextmanager
async def crash_harness(
    folder: Path, *, database_url: str, song_s: float = SONG_S, nonce_s: float = 300.0, **settings: str
) -> AsyncIterator[CrashHarness]:
    """Yield both servers and a bot that does not run yet; it does not outlive the context."""
    limits = Limits(
        nonce_s=nonce_s,
        channel_route=FAST,
        channel_webhook=FAST,
        interaction_webhook=FAST,
        bot_requests=FAST,
        interaction_deadline_s=LONG_S,
        identify_window_s=0,
    )
    async with (
        LocalDiscord(limits=limits) as discord,
        LocalProvider(
            song_s=song_s, seed=1, max_running=None, terms=Terms(audio_s=1.0, cover_px=32)
        ) as provider,
    ):
        for number in range(MEMBERS):
            discord.add.member(discord.guild, user=discord.add.user(f"Member {number}"))
        local = local_settings(discord, provider, database_url=database_url)
        bot = FailpointBot(folder, settings=environment(local, **(SETTINGS | settings)))
        try:
            yield CrashHarness(discord, provider, bot, database_url)
        finally:
            if bot.alive:
                await bot.kill()
        assert discord.unimplemented == []
