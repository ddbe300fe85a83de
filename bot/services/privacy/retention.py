"""What time wipes: dead tokens, old prompts, members and servers to be forgotten; and times that can't be."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ParamSpec

from bot.domain.errors import StoreError
from bot.services.ports import Clock
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

P = ParamSpec("P")

BATCH = 500
"""Rows in one unit of work, so that nobody waits for it."""
GUILDS = 100
"""Servers that are looked at in one round; the others come next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionConfig:
    """How long the operator keeps what is kept."""

    prompt_days: int = 90
    """Of a prompt, since its request ended."""
    guild_days: int = 30
    """Of a server's data, since the bot left it."""


class CleanupTask(StrEnum):
    """What is done again and again."""

    TOKENS = "tokens"
    """They die within minutes, so this is done all the time."""
    DATA = "data"
    TIMES = "times"
    """A clock that was set back leaves due times behind that are hours ahead."""


EVERY = {
    CleanupTask.TIMES: timedelta(seconds=5),
    CleanupTask.TOKENS: timedelta(seconds=30),
    CleanupTask.DATA: timedelta(hours=1),
}
"""The pause from one time to the next; after a failure half a minute at most."""


class CleanupHandler:
    """The desk that wipes; several processes may do it at once, and each finds what is left."""

    name = "cleanup"

    def __init__(self, store: Store, *, config: RetentionConfig, clock: Clock) -> None:
        self._store = store
        self._rules = config
        self._clock = clock
        now = clock()
        self._due = dict.fromkeys(CleanupTask, now)
        self._was_ahead = False

    async def claim(self, limit: int) -> Sequence[CleanupTask]:
        """The chores to do now; each comes again after its pause."""
        now = self._clock()
        self._believe(now)
        due = [chore for chore, at in self._due.items() if at <= now][:limit]
        self._due |= {chore: now + EVERY[chore] for chore in due}
        return due

    async def next_due_at(self) -> datetime | None:
        """When the next chore comes due."""
        self._believe(self._clock())
        return min(self._due.values())

    async def handle(self, chore: CleanupTask) -> None:
        """Do a chore to its end; what a database that is away leaves undone comes again soon."""
        try:
            match chore:
                case CleanupTask.TIMES:
                    await self._bring_back()
                case CleanupTask.TOKENS:
                    await self._end_tokens()
                case _:
                    await self._wipe_data()
        except StoreError as error:
            log.error("cleanup: %s are left for later: %s", chore, error)
            self._due[chore] = self._clock() + min(EVERY[chore], EVERY[CleanupTask.TOKENS])

    def _believe(self, now: datetime) -> None:
        """No chore is due further ahead than its pause, also when the clock was set back."""
        self._due = {chore: min(at, now + EVERY[chore]) for chore, at in self._due.items()}

    async def _bring_back(self) -> None:
        now = self._clock()
        is_ahead = await self._store.read(_is_ahead, now)
        if is_ahead:
            count = await self._store.write(_bring_back, now)
            if not self._was_ahead:
                log.warning(
                    "the clock was set back: %d due times were further ahead than can be, and are due now",
                    count,
                )
        self._was_ahead = is_ahead

    async def _end_tokens(self) -> None:
        ended = await self._all(_end_tokens, self._clock)
        if ended:
            log.info("cleanup: wiped %d dead tokens", ended)

    async def _wipe_data(self) -> None:
        now, rules = self._clock(), self._rules
        old = now - timedelta(days=rules.prompt_days)
        gone = now - timedelta(days=rules.guild_days)
        prompts = await self._all(_wipe_prompts, old, now)
        members = await self._all(_forget_members, now)
        requests, guilds = await self._forget_guilds(gone)
        log.info(
            "cleanup: wiped %d prompts, forgot %d members, %d requests of servers left and %d such servers",
            prompts,
            members,
            requests,
            guilds,
        )

    async def _forget_guilds(self, before: datetime) -> tuple[int, int]:
        """How many requests became nobody's, and of how many servers nothing else is kept any more."""
        requests = guilds = 0
        for guild_id in await self._store.read(_left, before):
            requests += await self._all(_wipe_guild, guild_id)
            guilds += await self._store.write(_close_guild, guild_id, before, self._clock())
        return requests, guilds

    async def _all(self, unit: NamedUnit[P, int], /, *args: P.args, **kwargs: P.kwargs) -> int:
        """Repeat a bounded unit until it finds less than it may do; gives how much was done."""
        total = 0
        while True:
            done = await self._store.write(unit, *args, **kwargs)
            total += done
            if done < BATCH:
                return total


def _is_ahead(uow: UnitOfWork, now: datetime) -> bool:
    return uow.cleanup.has_future_times(now=now)


@unit_of_work("cleanup.correct_times")
def _bring_back(uow: UnitOfWork, now: datetime) -> int:
    return uow.cleanup.reset_future_times(now=now)


def _left(uow: UnitOfWork, before: datetime) -> list[int]:
    return uow.cleanup.left_guilds(before=before, limit=GUILDS)


@unit_of_work("cleanup.end_tokens")
def _end_tokens(uow: UnitOfWork, clock: Clock) -> int:
    return uow.cleanup.erase_tokens(now=clock(), limit=BATCH)


@unit_of_work("cleanup.wipe_prompts")
def _wipe_prompts(uow: UnitOfWork, before: datetime, now: datetime) -> int:
    return uow.cleanup.erase_prompts(before=before, now=now, limit=BATCH)


@unit_of_work("cleanup.forget_members")
def _forget_members(uow: UnitOfWork, now: datetime) -> int:
    return uow.cleanup.erase_members(now=now, limit=BATCH)


@unit_of_work("cleanup.erase_guild")
def _wipe_guild(uow: UnitOfWork, guild_id: int) -> int:
    return uow.cleanup.erase_guild_requests(guild_id, limit=BATCH)


@unit_of_work("cleanup.close_guild")
def _close_guild(uow: UnitOfWork, guild_id: int, before: datetime, now: datetime) -> bool:
    return uow.cleanup.erase_guild(guild_id, before=before, now=now)
