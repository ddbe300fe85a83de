"""Calls with the bot's token, one at a time in each channel, and the search of a channel's messages."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import discord

from bot.chat.connection.http_client import OwnedTasks
from bot.chat.delivery.sending import in_time
from bot.domain.errors import NoAccessError, RetryableError
from bot.services.ports import Claim, MessageRef, unclaimed

T = TypeVar("T")

NEWEST = 500
"""How many messages of a channel are searched for a result at most; Discord returns 100 per call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Timeouts of one call to Discord in seconds, discord.py's own retries and rate limits included."""

    queue_s: float = 60.0
    """How long a call waits for earlier ones in its channel; less than a lease together with the call."""
    edit_s: float = 15.0
    post_s: float = 60.0
    """Two files of 10 MiB take a while."""
    follow_up_s: float = 75.0
    """A webhook post may wait a minute for a rate limit, and a retry would post it twice."""


class ChannelCalls:
    """The calls to Discord's channels; the client has to be logged in."""

    def __init__(self, client: discord.Client, timeouts: Timeouts) -> None:
        self._client = client
        self._timeouts = timeouts
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._calls = OwnedTasks()

    def require_login(self) -> None:
        """Raise unless the client can make calls: before and between logins it has no HTTP session.

        Raises:
            RetryableError: it is not logged in.
        """
        if self._client.user is None or self._client.is_closed():
            raise RetryableError("not logged in to Discord", not_taken=True)

    async def call_in_order(
        self,
        channel_id: int,
        call: Callable[[], Coroutine[Any, Any, T]],
        *,
        limit_s: float,
        claim: Claim = unclaimed,
    ) -> T:
        """Make a call with the bot's token after earlier ones in its channel, and return its result.

        Calls are made one at a time: discord.py 2.7.1 ignores calls in flight when it reads the remaining
        rate limit from a response, so that concurrent calls run into a 429. A call that times out is not
        cancelled and keeps the lock: no post is searched for, or repeated, before its outcome is known.
        """
        self.require_login()
        lock = self._locks.setdefault(channel_id, asyncio.Lock())
        try:
            async with asyncio.timeout(self._timeouts.queue_s):
                await lock.acquire()
        except TimeoutError:
            raise RetryableError("other calls to the channel come first", not_taken=True) from None
        try:
            await claim()
        except BaseException:  # a cancellation, too, must free the channel; it is raised again
            lock.release()
            raise
        made = self._calls.begin(call())
        made.add_done_callback(lambda _: lock.release())
        async with in_time(limit_s):
            return await asyncio.shield(made)

    async def search(
        self,
        channel_id: int,
        is_wanted: Callable[[discord.Message], bool],
        *,
        since: int,
        may_be_empty: bool = False,
    ) -> MessageRef | None:
        """Search for the bot's newest message that `is_wanted` and is newer than the id `since`."""
        return await self.call_in_order(
            channel_id,
            lambda: self._read(channel_id, is_wanted, since=since, may_be_empty=may_be_empty),
            limit_s=self._timeouts.edit_s,
        )

    async def _read(
        self, channel_id: int, is_wanted: Callable[[discord.Message], bool], *, since: int, may_be_empty: bool
    ) -> MessageRef | None:
        """Read the channel's history for `search`.

        Raises:
            NoAccessError: the history is empty though it should not be, or longer than `NEWEST`.
        """
        read = 0
        async for message in self._client.get_partial_messageable(channel_id).history(limit=NEWEST):
            if message.id < since:
                return None
            if self._is_own(message) and is_wanted(message):
                return MessageRef(channel_id, message.id)
            read += 1
        if read == NEWEST or not (read or may_be_empty):
            raise NoAccessError(f"{read} messages could be read, which says nothing")
        return None

    def _is_own(self, message: discord.Message) -> bool:
        """Tell whether the bot posted the message, as itself or as a follow-up.

        Members can post the same links.
        """
        me, application_id = self._client.user, self._client.application_id
        return (me is not None and message.author.id == me.id) or (
            message.webhook_id is not None and message.webhook_id == application_id
        )
