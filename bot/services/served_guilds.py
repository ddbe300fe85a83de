"""The owner's decisions about single servers, which every process soon knows."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import replace

from bot.domain.errors import StoreError
from bot.domain.served_guilds import ServedGuilds
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads

log = logging.getLogger(__name__)

KEY = "served_guilds"
"""The stored value's key: whether each server that was decided on is served."""
REFRESH_S = 2.0
"""Seconds after which a process knows of a decision that another one has stored."""


class ServedGuildsCache:
    """The served servers as this process knows them, so that an interaction needs no read."""

    def __init__(self, store: Store, configured: ServedGuilds) -> None:
        self._store = store
        self._configured = configured
        self._current = configured

    def includes(self, guild_id: int) -> bool:
        """Tell whether the server is served, as far as this process knows."""
        return self._current.includes(guild_id)

    async def refresh(self) -> None:
        """Read the decisions again; without the database, the last ones count."""
        try:
            self._current = await self._store.read(load_served, self._configured)
        except StoreError as error:
            log.debug("the served servers could not be read: %s", error)

    async def run(self) -> None:
        """Refresh every `REFRESH_S` seconds until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_S)


@reads(Share.WORKERS)
def load_served(uow: UnitOfWork, configured: ServedGuilds) -> ServedGuilds:
    """Return the served servers by the setting and the stored decisions."""
    stored = uow.key_values.get(KEY)
    if stored is None:
        return configured
    decided = {int(guild_id): bool(is_served) for guild_id, is_served in json.loads(stored).items()}
    return replace(configured, decided=decided)


def store_decisions(uow: UnitOfWork, decided: Mapping[int, bool]) -> None:
    """Store whether each server that was decided on is served."""
    uow.key_values.put(KEY, json.dumps(dict(decided)))
