"""Calls to Discord with the bot's token, which survive their caller's cancellation and have a timeout."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from copy import deepcopy
from functools import partial
from typing import Any, TypeVar

import aiohttp
import discord
from discord.http import HTTPClient, Route
from discord.types.user import User

from bot.chat.api_errors import NotConnectedError
from bot.chat.timings import CHAT_TIMINGS, ChatTimings

log = logging.getLogger(__name__)
T = TypeVar("T")


class OwnedTasks:
    """Tasks that run to their end even if nobody waits for them any longer."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start the work; await it behind `asyncio.shield`."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def __len__(self) -> int:
        """Return how many are running."""
        return len(self._tasks)

    async def cancel(self) -> None:
        """Cancel all of them, and wait until they have ended."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # mark it as retrieved, or asyncio logs an error if nobody waits for the task


class SafeHTTPClient(HTTPClient):
    """discord.py's HTTP client, with calls that go on when their caller is cancelled.

    On a global 429, `HTTPClient.request` (2.7.1) clears an event that every later call waits for, and sets it
    after the pause, without `finally`: if it were cancelled there, all later calls would hang for ever.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        timings: ChatTimings = CHAT_TIMINGS,
        *,
        max_ratelimit_timeout: float,
    ) -> None:
        super().__init__(loop, max_ratelimit_timeout=max_ratelimit_timeout)
        self.on_given_up: Callable[[], None] = _nothing
        self._timings = timings
        self._calls = OwnedTasks()
        self._pending: dict[str | None, asyncio.Task[object]] = {}
        """GET requests in flight by URL: equal ones, as autocomplete sends at each key, share one call."""
        self._unanswered_since_s: float | None = None
        self._failed_s = 0.0
        self._is_open = False

    async def static_login(self, token: str) -> User:
        """Open the HTTP session and log in with the token."""
        self._is_open = True
        return await super().static_login(token)

    async def request(
        self,
        route: Route,
        *,
        files: Sequence[discord.File] | None = None,
        form: Iterable[dict[str, Any]] | None = None,
        **kwargs: object,
    ) -> object:
        """Make the call; if the caller is cancelled, the call goes on.

        Raises:
            discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError
        """
        if not self._is_open:
            raise NotConnectedError
        key = route.url if route.method == "GET" and not kwargs else None
        if pending := self._pending.get(key):
            return deepcopy(await asyncio.shield(pending))
        attempt_s = self._timings.upload_s if files else self._timings.attempt_s
        kwargs.setdefault("timeout", aiohttp.ClientTimeout(total=attempt_s))
        make = partial(super().request, route, files=files, form=form, **kwargs)
        call = self._calls.begin(self._finish(route, make))
        if key is not None:
            self._pending[key] = call
            call.add_done_callback(lambda _: self._pending.pop(key))
        return await asyncio.shield(call)

    async def _finish(self, route: Route, make: Callable[[], Awaitable[object]]) -> object:
        now_s, is_alone = time.monotonic(), len(self._calls) <= 1
        if self._unanswered_since_s is None or (
            is_alone and now_s - self._failed_s >= self._timings.silent_s
        ):
            self._unanswered_since_s = now_s  # no call was waiting before
        limit = asyncio.timeout(self._timings.call_s)
        try:
            async with limit:
                answer = await make()
                if isinstance(answer, str) and answer:
                    raise aiohttp.ClientPayloadError("an answer that is not Discord's")
        except discord.HTTPException:
            self._unanswered_since_s = None
            raise
        except asyncio.CancelledError:
            raise aiohttp.ClientConnectionError("the connection to Discord was closed") from None
        except (aiohttp.ClientError, OSError, json.JSONDecodeError, discord.RateLimited):
            self._failed_s = time.monotonic()
            if limit.expired():
                self._give_up(route)
            raise
        self._unanswered_since_s = None
        return answer

    def _give_up(self, route: Route) -> None:
        """Report the timeout, and release discord.py's global rate limit: the call may have left it set."""
        self._global_over.set()
        log.warning("a call to Discord did not come through in %g s: %s", self._timings.call_s, route.key)
        self.on_given_up()

    @property
    def in_flight(self) -> int:
        """Return how many calls are being made or wait for a rate limit."""
        return len(self._calls)

    def silence(self, *, now_s: float | None = None) -> str | None:
        """Say for how long no call was answered; None if calls are answered, or if none is made."""
        now_s, limit_s = time.monotonic() if now_s is None else now_s, self._timings.silent_s
        if self._unanswered_since_s is None or not (self._calls or now_s - self._failed_s < limit_s):
            return None
        silent_s = now_s - self._unanswered_since_s
        return f"no call to Discord has come through for {silent_s:.0f} s" if silent_s >= limit_s else None

    async def close(self) -> None:
        """Cancel the calls in flight, then close the session."""
        self._is_open = False
        await self._calls.cancel()
        await super().close()


def _nothing() -> None:
    """Do nothing."""
