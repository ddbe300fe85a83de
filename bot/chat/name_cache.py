"""Cache of members' names for autocomplete, which asks for them at each key."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import islice
from typing import Protocol

import discord

from bot.chat.display_names import display_names

KEPT_S = 600.0
"""Seconds for which a name is kept."""
MAX_KEPT = 5_000
MAX_FETCHED = 10
"""Names that are fetched at once; the others follow at one of the next keys."""
FETCH_TIMEOUT_S = 1.5
"""Seconds that fetching may take: Discord waits 3 s for suggestions."""


class FetchNames(Protocol):
    """A source of display names."""

    def __call__(
        self, client: discord.Client, guild_id: int, user_ids: Iterable[int], *, limit_s: float
    ) -> Awaitable[Mapping[int, str]]:
        """Return the names that were found within `limit_s` seconds, by user id."""
        ...


class NameCache:
    """Display names by server and user, without a call to Discord at each key."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, fetch: FetchNames = display_names
    ) -> None:
        self._clock = clock
        self._fetch = fetch
        self._known: OrderedDict[tuple[int, int], tuple[float, str]] = OrderedDict()

    async def of(self, client: discord.Client, guild_id: int, user_ids: Iterable[int]) -> dict[int, str]:
        """Return the names by user id; those that could not be fetched in time are missing."""
        now, found = self._clock(), dict[int, str]()
        wanted = dict.fromkeys(user_ids)
        for user_id in wanted:
            kept = self._known.get((guild_id, user_id))
            if kept and now - kept[0] < KEPT_S:
                found[user_id] = kept[1]
        to_fetch = islice((user_id for user_id in wanted if user_id not in found), MAX_FETCHED)
        fetched = await self._fetch(client, guild_id, to_fetch, limit_s=FETCH_TIMEOUT_S)
        for user_id, name in fetched.items():
            found[user_id] = name
            self._keep((guild_id, user_id), (now, name))
        return found

    def _keep(self, key: tuple[int, int], value: tuple[float, str]) -> None:
        self._known[key] = value
        self._known.move_to_end(key)
        if len(self._known) > MAX_KEPT:
            self._known.popitem(last=False)
