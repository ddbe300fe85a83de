"""Retention: the erasure of tokens, prompts, members and servers, and the correction of impossible times."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ParamSpec

from bot.domain.errors import StoreError
from bot.services.ports import Clock
from bot.services.privacy.erasure import resume_erasures
from bot.services.requests.approval_end import resume_queueing
from bot.services.runtime.timings import CLOCK_CHECK_S
from bot.services.unit_of_work import NamedUnit, Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)

P = ParamSpec("P")

BATCH = 25
"""The most rows in one unit of work, so that other units wait a few milliseconds at most."""
GUILDS = 100
"""The most servers in one round; the others follow in the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionConfig:
    """The operator's retention periods."""

    prompt_days: int = 90
    """Days from a request's end to the erasure of its prompt."""
    guild_days: int = 30
    """Days from the bot's leaving a server to the erasure of its data."""


class CleanupTask(StrEnum):
    """The cleanup tasks, which run again and again."""

    TOKENS = "tokens"
    """Erases interaction tokens, which expire within minutes."""
    DATA = "data"
    TIMES = "times"
    """Corrects due times that are too far ahead because the clock was set back."""


EVERY = {
    CleanupTask.TOKENS: timedelta(seconds=30),
    CleanupTask.DATA: timedelta(hours=1),
}
"""The pause between two runs of the other tasks; after a failure half a minute at most."""


class CleanupHandler:
    """The job handler of the cleanup tasks; several processes can run them at the same time."""

    name = "cleanup"
    queue = None

    def __init__(
        self,
        store: Store,
        *,
        config: RetentionConfig,
        clock: Clock,
        clock_check_s: float = CLOCK_CHECK_S,
    ) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._every = EVERY | {CleanupTask.TIMES: timedelta(seconds=clock_check_s)}
        now = clock()
        self._due = dict.fromkeys(CleanupTask, now)
        self._was_ahead = False

    async def claim(self, limit: int) -> Sequence[CleanupTask]:
        """Claim the tasks that are due; each is due again after its pause."""
        now = self._clock()
        self._limit_due_times(now)
        due = [task for task, at in self._due.items() if at <= now][:limit]
        self._due |= {task: now + self._every[task] for task in due}
        return due

    async def next_due_at(self) -> datetime | None:
        """Return when the next task is due."""
        self._limit_due_times(self._clock())
        return min(self._due.values())

    async def handle(self, task: CleanupTask) -> None:
        """Run a task to its end; retry it soon if the database is unavailable."""
        try:
            match task:
                case CleanupTask.TIMES:
                    await self._correct_times()
                case CleanupTask.TOKENS:
                    await self._erase_tokens()
                case _:
                    await self._erase_data()
        except StoreError as error:
            log.error("cleanup: %s postponed: %s", task, error)
            self._due[task] = self._clock() + min(self._every[task], EVERY[CleanupTask.TOKENS])

    def _limit_due_times(self, now: datetime) -> None:
        """Let no task be due later than after its pause, even if the clock was set back."""
        self._due = {task: min(at, now + self._every[task]) for task, at in self._due.items()}

    async def _correct_times(self) -> None:
        now = self._clock()
        is_ahead = await self._store.read(_is_ahead, now)
        if is_ahead:
            count = await self._run_batches(_correct_times, now)
            if not self._was_ahead:
                log.warning(
                    "the clock was set back: %d due times were further ahead than can be, and are due now",
                    count,
                )
        self._was_ahead = is_ahead

    async def _erase_tokens(self) -> None:
        ended = await self._run_batches(_erase_tokens, self._clock)
        if ended:
            log.info("cleanup: erased %d expired tokens", ended)

    async def _erase_data(self) -> None:
        now, config = self._clock(), self._config
        old = now - timedelta(days=config.prompt_days)
        gone = now - timedelta(days=config.guild_days)
        if resumed := await resume_erasures(self._store):
            log.info("cleanup: finished %d erasures of persons", resumed)
        if queued := await resume_queueing(self._store):
            log.info("cleanup: queued %d requests that need no approval any more", queued)
        prompts = await self._run_batches(_erase_prompts, old, now)
        members = await self._run_batches(_erase_members, now)
        requests, guilds = await self._erase_guilds(gone)
        log.info(
            "cleanup: erased %d prompts, %d rows of members, %d requests of servers left and %d such servers",
            prompts,
            members,
            requests,
            guilds,
        )

    async def _erase_guilds(self, before: datetime) -> tuple[int, int]:
        """Erase the servers that the bot left before `before`; return how many requests and servers."""
        requests = guilds = 0
        for guild_id in await self._store.read(_left_guilds, before):
            requests += await self._run_batches(_erase_guild_requests, guild_id)
            guilds += await self._erase_guild(guild_id, before)
        return requests, guilds

    async def _erase_guild(self, guild_id: int, before: datetime) -> bool:
        """Erase what is left of a server; return False if it cannot be erased."""
        while True:
            erased = await self._store.write(_erase_guild, guild_id, before, self._clock())
            if erased is None or erased < BATCH:
                return erased is not None

    async def _run_batches(self, unit: NamedUnit[P, int], /, *args: P.args, **kwargs: P.kwargs) -> int:
        """Repeat a bounded unit until it handles less than a batch; return how much it handled in all."""
        total = 0
        while True:
            done = await self._store.write(unit, *args, **kwargs)
            total += done
            if done < BATCH:
                return total


@reads(Share.WORKERS)
def _is_ahead(uow: UnitOfWork, now: datetime) -> bool:
    return uow.cleanup.has_future_times(now=now)


@unit_of_work("cleanup.correct_times")
def _correct_times(uow: UnitOfWork, now: datetime) -> int:
    return uow.cleanup.reset_future_times(now=now, limit=BATCH)


@reads(Share.WORKERS)
def _left_guilds(uow: UnitOfWork, before: datetime) -> list[int]:
    return uow.cleanup.left_guilds(before=before, limit=GUILDS)


@unit_of_work("cleanup.erase_tokens")
def _erase_tokens(uow: UnitOfWork, clock: Clock) -> int:
    return uow.cleanup.erase_tokens(now=clock(), limit=BATCH)


@unit_of_work("cleanup.erase_prompts")
def _erase_prompts(uow: UnitOfWork, before: datetime, now: datetime) -> int:
    return uow.cleanup.erase_prompts(before=before, now=now, limit=BATCH)


@unit_of_work("cleanup.erase_members")
def _erase_members(uow: UnitOfWork, now: datetime) -> int:
    return uow.cleanup.erase_members(now=now, limit=BATCH)


@unit_of_work("cleanup.erase_guild_requests")
def _erase_guild_requests(uow: UnitOfWork, guild_id: int) -> int:
    return uow.cleanup.erase_guild_requests(guild_id, limit=BATCH)


@unit_of_work("cleanup.erase_guild")
def _erase_guild(uow: UnitOfWork, guild_id: int, before: datetime, now: datetime) -> int | None:
    return uow.cleanup.erase_guild(guild_id, before=before, now=now, limit=BATCH)
