"""In which servers the bot is: what is kept of those that it left has to go one day."""

import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import StoreError
from bot.services.ports import Clock
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

GUILDS_IN_USE_KEY = "guilds_in_use"
"""Under which is remembered when members of servers without the bot itself last used its commands."""
HEARD_AGAIN = timedelta(hours=1)
"""A server is in use for so long without another note of it."""
IN_USE = timedelta(days=30)
"""For so long after that it counts as one where the bot is."""


@dataclass(frozen=True, slots=True)
class VisibleGuilds:
    """The servers that one process sees; of those of other shards it knows nothing."""

    guild_ids: frozenset[int]
    shard_ids: frozenset[int]
    shard_count: int

    def is_missing(self, guild_id: int) -> bool:
        """True of a server that the process would see if the bot were there."""
        is_own = (guild_id >> 22) % self.shard_count in self.shard_ids
        return is_own and guild_id not in self.guild_ids


class GuildMembership:
    """Comings and goings."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._heard: dict[int, datetime] = {}

    async def record_activity(self, guild_id: int) -> None:
        """Note that the bot is used in a server that the gateway does not tell of.

        It may have authorised the commands alone, or Discord told of it in a way that nobody can read.
        """
        now = self._clock()
        if guild_id in self._heard and now - self._heard[guild_id] < HEARD_AGAIN:
            return
        self._heard[guild_id] = now
        try:
            await self._store.write(_hear, guild_id, now)
        except StoreError as error:
            del self._heard[guild_id]
            log.warning("a server in use is not remembered: %s", error, extra={"guild": guild_id})

    async def record_left(self, guild_id: int) -> None:
        """The bot is not in the server any more: what is kept of it has its time."""
        self._heard.pop(guild_id, None)
        await self._store.write(_left, guild_id, self._clock())
        log.info("left a server", extra={"guild": guild_id})

    async def record_joined(self, guild_id: int) -> None:
        """The bot is in the server: what is kept of it stays."""
        await self._store.write(_joined, guild_id)
        log.info("joined a server", extra={"guild": guild_id})

    async def reconcile(self, seen: VisibleGuilds) -> None:
        """What happened while nobody listened is made up for."""
        left, back = await self._store.write(_look, seen, self._clock())
        if left or back:
            log.info("left %d servers and is back in %d, while nobody listened", left, back)


def _heard_of(uow: UnitOfWork, now: datetime) -> dict[int, datetime]:
    """Give the servers without the bot itself that are in use, and when that was noted last."""
    noted = json.loads(uow.key_values.get(GUILDS_IN_USE_KEY) or "{}")
    heard = {int(guild_id): datetime.fromisoformat(at) for guild_id, at in noted.items()}
    return {guild_id: at for guild_id, at in heard.items() if now - at < IN_USE}


def _note(uow: UnitOfWork, heard: Mapping[int, datetime]) -> None:
    uow.key_values.put(
        GUILDS_IN_USE_KEY, json.dumps({guild_id: at.isoformat() for guild_id, at in heard.items()})
    )


@unit_of_work("guild_membership.confirm")
def _hear(uow: UnitOfWork, guild_id: int, now: datetime) -> None:
    uow.guilds.lock_membership()
    _note(uow, _heard_of(uow, now) | {guild_id: now})
    uow.guilds.mark_joined((guild_id,))


@unit_of_work("guild_membership.leave")
def _left(uow: UnitOfWork, guild_id: int, now: datetime) -> None:
    uow.guilds.lock_membership()
    heard = _heard_of(uow, now)
    if heard.pop(guild_id, None) is not None:
        _note(uow, heard)
    uow.guilds.mark_left((guild_id,), at=now)


@unit_of_work("guild_membership.join")
def _joined(uow: UnitOfWork, guild_id: int) -> None:
    uow.guilds.lock_membership()
    uow.guilds.mark_joined((guild_id,))


@unit_of_work("guild_membership.reconcile")
def _look(uow: UnitOfWork, seen: VisibleGuilds, now: datetime) -> tuple[int, int]:
    uow.guilds.lock_membership()  # members may use a server's commands at the same moment
    known = uow.guilds.known()
    heard = _heard_of(uow, now).keys()
    missing = (guild_id for guild_id, at in known.items() if at is None and seen.is_missing(guild_id))
    left = [guild_id for guild_id in missing if guild_id not in heard]
    back = _present(known, seen.guild_ids | heard)
    uow.guilds.mark_left(left, at=now)
    uow.guilds.mark_joined(back)
    return len(left), len(back)


def _present(known: Mapping[int, datetime | None], guild_ids: Collection[int]) -> list[int]:
    """Servers that were left, and where the bot is all the same."""
    return [guild_id for guild_id, at in known.items() if at is not None and guild_id in guild_ids]
