"""The servers that the bot is in; after the retention period, the data of those that it left is erased."""

import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.digests import next_digest
from bot.domain.errors import StoreError
from bot.domain.welcomes import Welcome
from bot.services.ports import Clock
from bot.services.repositories.outbox import MessageKind
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)

GUILDS_IN_USE_KEY = "guilds_in_use"
"""The stored value's key: when commands were last used in servers that the gateway does not report."""
WELCOMES_SINCE_KEY = "welcomes_since"
"""The stored value's key: servers that the bot joined later are welcomed; set when the bot first runs."""
ACTIVITY_INTERVAL = timedelta(hours=1)
"""How often a server's activity is recorded, at most."""
ACTIVITY_TTL = timedelta(days=30)
"""How long after its last recorded activity the bot counts as being in the server."""


@dataclass(frozen=True, slots=True)
class VisibleGuilds:
    """The servers that one process sees: those of its own shards."""

    guild_ids: frozenset[int]
    shard_ids: frozenset[int]
    shard_count: int
    joined_lately: tuple[Welcome, ...] = ()
    """The welcomes of the servers that the bot joined lately, perhaps while the process did not run."""

    def is_missing(self, guild_id: int) -> bool:
        """Return True if the process would see the server if the bot were in it, and does not."""
        is_own = (guild_id >> 22) % self.shard_count in self.shard_ids
        return is_own and guild_id not in self.guild_ids


class GuildMembership:
    """The record of the servers that the bot is in."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._active_at: dict[int, datetime] = {}

    async def record_activity(self, guild_id: int) -> None:
        """Record that the bot is used in a server that the gateway does not report.

        The server may have authorized the commands only, or Discord's event about it was malformed.
        """
        now = self._clock()
        if guild_id in self._active_at and now - self._active_at[guild_id] < ACTIVITY_INTERVAL:
            return
        self._active_at[guild_id] = now
        try:
            await self._store.write(_record_activity, guild_id, now)
        except StoreError as error:
            del self._active_at[guild_id]
            log.warning("a server in use could not be recorded: %s", error, extra={"guild": guild_id})

    async def record_left(self, guild_id: int) -> None:
        """Record that the bot left the server, whose data is erased after the retention period."""
        self._active_at.pop(guild_id, None)
        await self._store.write(_mark_left, guild_id, self._clock())
        log.info("left a server", extra={"guild": guild_id})

    async def record_joined(self, welcome: Welcome) -> None:
        """Record that the bot is in the server, whose data is kept, and welcome it once."""
        await self._store.write(_mark_joined, welcome, self._clock())
        log.info("joined a server", extra={"guild": welcome.guild_id})

    async def reconcile(self, seen: VisibleGuilds) -> None:
        """Record the joins and leaves that happened while the process was not connected."""
        known = await self._store.read(_known)  # apart: it reads all members of all servers
        left, back = await self._store.write(_reconcile, seen, known, self._clock())
        if left or back:
            log.info("left %d servers and joined %d again while disconnected", left, back)


def _load_activity(uow: UnitOfWork, now: datetime) -> dict[int, datetime]:
    """Return the unreported servers that are in use, and when that was last recorded."""
    stored = json.loads(uow.key_values.get(GUILDS_IN_USE_KEY) or "{}")
    active = {int(guild_id): datetime.fromisoformat(at) for guild_id, at in stored.items()}
    return {guild_id: at for guild_id, at in active.items() if now - at < ACTIVITY_TTL}


def _store_activity(uow: UnitOfWork, active: Mapping[int, datetime]) -> None:
    uow.key_values.put(
        GUILDS_IN_USE_KEY, json.dumps({guild_id: at.isoformat() for guild_id, at in active.items()})
    )


@unit_of_work("guild_membership.confirm")
def _record_activity(uow: UnitOfWork, guild_id: int, now: datetime) -> None:
    uow.guilds.lock_membership()
    _store_activity(uow, _load_activity(uow, now) | {guild_id: now})
    uow.guilds.mark_joined((guild_id,))


@unit_of_work("guild_membership.leave")
def _mark_left(uow: UnitOfWork, guild_id: int, now: datetime) -> None:
    uow.guilds.lock_membership()
    active = _load_activity(uow, now)
    if active.pop(guild_id, None) is not None:
        _store_activity(uow, active)
    uow.guilds.mark_left((guild_id,), at=now)


@unit_of_work("guild_membership.join")
def _mark_joined(uow: UnitOfWork, welcome: Welcome, now: datetime) -> None:
    uow.guilds.lock_membership()
    _welcome(uow, welcome, now, is_back=uow.guilds.is_known(welcome.guild_id))
    uow.guilds.mark_joined((welcome.guild_id,))


def _welcome(uow: UnitOfWork, welcome: Welcome, now: datetime, *, is_back: bool) -> None:
    """Let the outbox welcome a server, once for each time that the bot has joined it."""
    last = uow.guilds.welcome(welcome.guild_id)
    if last is not None and last.joined_at >= welcome.joined_at:
        return
    uow.guilds.put_welcome(replace(welcome, is_back=is_back))
    uow.outbox.drop(welcome.guild_id)  # an earlier welcome, and the place of its last attempt
    uow.outbox.mark_due(welcome.guild_id, MessageKind.WELCOME, due_at=now)
    if uow.guilds.settings(welcome.guild_id).weekly_digest:  # which was dropped, too
        due_at = next_digest(welcome.guild_id, now)
        uow.outbox.mark_due(welcome.guild_id, MessageKind.DIGEST, due_at=due_at)


def _welcomes_since(uow: UnitOfWork, now: datetime, *, is_new: bool) -> datetime:
    """Return since when servers are welcomed: where there is data of servers already, they know the bot.

    A new database has seen no server, so that the bot was added before it first ran.
    """
    stored = uow.key_values.get(WELCOMES_SINCE_KEY)
    if stored is None:
        stored = (datetime.min.replace(tzinfo=UTC) if is_new else now).isoformat()
        uow.key_values.put(WELCOMES_SINCE_KEY, stored)
    return datetime.fromisoformat(stored)


@reads(Share.WORKERS)
def _known(uow: UnitOfWork) -> Mapping[int, datetime | None]:
    return uow.guilds.known()


@unit_of_work("guild_membership.reconcile")
def _reconcile(
    uow: UnitOfWork, seen: VisibleGuilds, known: Mapping[int, datetime | None], now: datetime
) -> tuple[int, int]:
    uow.guilds.lock_membership()  # members may use a server's commands at the same moment
    active = _load_activity(uow, now).keys()
    missing = (guild_id for guild_id, at in known.items() if at is None and seen.is_missing(guild_id))
    left = [guild_id for guild_id in missing if guild_id not in active]
    back = _returned(known, seen.guild_ids | active)
    since = _welcomes_since(uow, now, is_new=not known)
    for welcome in seen.joined_lately:
        if welcome.joined_at > since:
            _welcome(uow, welcome, now, is_back=welcome.guild_id in known)
    uow.guilds.mark_left(left, at=now)
    uow.guilds.mark_joined(back)
    return len(left), len(back)


def _returned(known: Mapping[int, datetime | None], guild_ids: Collection[int]) -> list[int]:
    """Return the servers that are marked as left although the bot is in them."""
    return [guild_id for guild_id, at in known.items() if at is not None and guild_id in guild_ids]
