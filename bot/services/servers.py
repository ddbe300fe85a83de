"""In which servers the bot is: what is kept of those that it left has to go one day."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.services.ports import Clock
from bot.services.work import Store, Work

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """The servers that one process sees; of those of other shards it knows nothing."""

    guild_ids: frozenset[int]
    shard_ids: frozenset[int]
    shard_count: int

    def is_missing(self, guild_id: int) -> bool:
        """True of a server that the process would see if the bot were there."""
        is_own = (guild_id >> 22) % self.shard_count in self.shard_ids
        return is_own and guild_id not in self.guild_ids


class Servers:
    """Comings and goings."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def left(self, guild_id: int) -> None:
        """The bot is not in the server any more: what is kept of it has its time."""
        await self._store.write(_left, guild_id, self._clock())
        log.info("left a server", extra={"guild": guild_id})

    async def joined(self, guild_id: int) -> None:
        """The bot is in the server: what is kept of it stays."""
        await self._store.write(_joined, guild_id)
        log.info("joined a server", extra={"guild": guild_id})

    async def looked(self, seen: Seen) -> None:
        """What happened while nobody listened is made up for."""
        left, back = await self._store.write(_look, seen, self._clock())
        if left or back:
            log.info("left %d servers and is back in %d, while nobody listened", left, back)


def _left(work: Work, guild_id: int, now: datetime) -> None:
    work.guilds.left((guild_id,), at=now)


def _joined(work: Work, guild_id: int) -> None:
    work.guilds.joined((guild_id,))


def _look(work: Work, seen: Seen, now: datetime) -> tuple[int, int]:
    known = work.guilds.known()
    left = [guild_id for guild_id, at in known.items() if at is None and seen.is_missing(guild_id)]
    back = _present(known, seen.guild_ids)
    work.guilds.left(left, at=now)
    work.guilds.joined(back)
    return len(left), len(back)


def _present(known: Mapping[int, datetime | None], guild_ids: Collection[int]) -> list[int]:
    """Servers that were left, and where the bot is all the same."""
    return [guild_id for guild_id, at in known.items() if at is not None and guild_id in guild_ids]
