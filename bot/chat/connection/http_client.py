"""Calls to Discord by the bot's token: none is cut off in a rate limit, and none hangs for ever."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from copy import deepcopy
from typing import Any, TypeVar

import aiohttp
import discord
from discord.http import HTTPClient, Route
from discord.types.user import User

log = logging.getLogger(__name__)
T = TypeVar("T")

ATTEMPT_S = 15.0
"""Seconds that Discord may take to answer one attempt; discord.py makes up to five."""
UPLOAD_S = 60.0
"""The same for an attempt with files: two of 10 MiB take a while."""
CALL_S = 90.0
"""Seconds after which a call is given up, whatever it waits for; Discord's pauses end sooner."""
SILENT_S = 60.0
"""Seconds without one answer, while calls wait, after which the client counts as cut off."""


class NotConnectedError(aiohttp.ClientConnectionError):
    """Not logged in to Discord, or no longer: nothing was sent."""


class OwnedTasks:
    """Tasks that run to their end, also when nobody waits for them any longer."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start the work; await it behind `asyncio.shield`."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def __len__(self) -> int:
        """How many are running."""
        return len(self._tasks)

    async def cancel(self) -> None:
        """End all of them, and wait until they have ended."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # one that nobody waits for any longer is no bug


class SafeHTTPClient(HTTPClient):
    """discord.py's HTTP client, whose calls are finished when their caller has left.

    A 429 for the whole bot makes `HTTPClient.request` clear an event that every later call waits for, and set
    it after the pause, without `finally` (2.7.1): cut off there, no call would ever come through again.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, max_ratelimit_timeout: float, call_s: float = CALL_S
    ) -> None:
        super().__init__(loop, max_ratelimit_timeout=max_ratelimit_timeout)
        self.on_given_up: Callable[[], None] = _nothing
        self._call_s = call_s
        self._calls = OwnedTasks()
        self._asked: dict[str | None, asyncio.Task[object]] = {}
        """Questions in flight: who asks the same meanwhile, as suggestions do at each key, waits with it."""
        self._unanswered_since_s: float | None = None
        self._failed_s = 0.0
        self._is_open = False

    async def static_login(self, token: str) -> User:
        """Open the session and see whether Discord takes the token."""
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
        """Make the call; a caller that is cancelled stops waiting, and the call goes on.

        Raises:
            discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError
        """
        if not self._is_open:
            raise NotConnectedError
        question = route.url if route.method == "GET" and not kwargs else None
        if asked := self._asked.get(question):
            return deepcopy(await asyncio.shield(asked))
        kwargs.setdefault("timeout", aiohttp.ClientTimeout(total=UPLOAD_S if files else ATTEMPT_S))
        made = super().request(route, files=files, form=form, **kwargs)
        call = self._calls.begin(self._finish(route, made))
        if question is not None:
            self._asked[question] = call
            call.add_done_callback(lambda _: self._asked.pop(question))
        return await asyncio.shield(call)

    async def _finish(self, route: Route, made: Coroutine[Any, Any, object]) -> object:
        now_s, is_alone = time.monotonic(), len(self._calls) <= 1
        if self._unanswered_since_s is None or (is_alone and now_s - self._failed_s >= SILENT_S):
            self._unanswered_since_s = now_s  # before it nobody asked
        limit = asyncio.timeout(self._call_s)
        try:
            async with limit:
                answer = await made
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
        """Let go of what the call waited for: it may have been its own pause, or one that nobody ends."""
        self._global_over.set()
        log.warning("a call to Discord did not come through in %g s: %s", self._call_s, route.key)
        self.on_given_up()

    @property
    def in_flight(self) -> int:
        """How many calls are being made or wait for a rate limit."""
        return len(self._calls)

    def silence(self, *, now_s: float | None = None) -> str | None:
        """Say for how long calls have not come through; None while they do, or while none is made."""
        now_s = time.monotonic() if now_s is None else now_s
        if self._unanswered_since_s is None or not (self._calls or now_s - self._failed_s < SILENT_S):
            return None
        silent_s = now_s - self._unanswered_since_s
        return f"no call to Discord has come through for {silent_s:.0f} s" if silent_s >= SILENT_S else None

    async def close(self) -> None:
        """End the calls that are in flight, then the session."""
        self._is_open = False
        await self._calls.cancel()
        await super().close()


def _nothing() -> None:
    """Do nothing."""
