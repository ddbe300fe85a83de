"""The local provider: CQTAI's two calls for inspiration songs, and the files that its replies link to.

    async with LocalProvider(key="key", song_s=2.0, seed=7) as provider:
        ...  # POST {provider.base_url}/api/cqt/generator/suno

Time comes from the clock that it is given: a task is as old as the clock says, so tests need not wait.
Changes by time alone take effect when the state is read: by any request, `tasks`, `credits`, `wait_for`.
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.cqtai.account import Account
from sandbox.cqtai.faults import ActiveFaults
from sandbox.cqtai.routes import build_app
from sandbox.cqtai.state import ProviderState, RequestLine, Terms
from sandbox.cqtai.tasks import Pace, TaskRegister, TaskSnapshot

HOST = "127.0.0.1"
SHUTDOWN_S = 0.1
WATCH_S = 0.02
"""Seconds after which `wait_for` checks again when only time has passed."""


class LocalProvider:
    """CQTAI on a loopback port.

    `key` is the API key of callers; `song_s` how long a song takes; `max_running` how many tasks may run at
    once (None: any number); the same `seed` gives the same songs; `terms` holds what is changed less often.
    """

    def __init__(
        self,
        *,
        key: str = "local-key",
        song_s: float = 101.0,
        max_running: int | None = 3,
        seed: int | None = None,
        clock: Callable[[], float] = time.time,
        terms: Terms | None = None,
    ) -> None:
        terms = terms or Terms()
        rng = random.Random(seed)
        self._state = ProviderState(
            key=key,
            terms=terms,
            faults=ActiveFaults(random.Random(rng.random())),
            register=TaskRegister(
                Account(terms.credits, rate=terms.rate),
                pace=Pace(song_s, terms.spread, max_running),
                rng=rng,
                odd_titles=terms.odd_titles,
            ),
            clock=clock,
            unknown_playlists={playlist_id.lower() for playlist_id in terms.unknown_playlists},
        )
        self._runner: web.AppRunner | None = None
        self._port = terms.port

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Listen; after a `close` on the same port as before, and keep all tasks."""
        runner = web.AppRunner(
            build_app(self._state), access_log=None, shutdown_timeout=SHUTDOWN_S, handler_cancellation=False
        )
        await runner.setup()
        await web.TCPSite(runner, HOST, self._port, reuse_address=True).start()
        self._port = int(runner.addresses[0][1])
        self._state.origin = f"http://{HOST}:{self._port}"
        self._runner = runner

    async def close(self) -> None:
        """Stop listening and end open connections: callers are refused until `open`."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def base_url(self) -> str:
        """Return the base of the provider's paths, without a slash at the end."""
        return self._state.origin

    @property
    def origin(self) -> str:
        """Return scheme, host and port of every link to a file."""
        return self._state.origin

    @property
    def key(self) -> str:
        """Return the API key that callers must send."""
        return self._state.key

    @key.setter
    def key(self, key: str) -> None:
        self._state.key = key

    @property
    def faults(self) -> ActiveFaults:
        """Return the faults in force; they can be added and lifted at any time."""
        return self._state.faults

    @property
    def unknown_playlists(self) -> set[str]:
        """Return the playlist ids, in lower case, that are refused as not found; they can be changed."""
        return self._state.unknown_playlists

    @property
    def pace(self) -> Pace:
        """Return how long songs take and how many can run; a new pace applies to later tasks."""
        return self._state.register.pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        self._state.register.pace = pace

    @property
    def tasks(self) -> list[TaskSnapshot]:
        """Return all tasks ever accepted as they are now, oldest first."""
        return self._state.register.snapshots(self._state.settle())

    @property
    def credits(self) -> Account:
        """Return the account after everything that is due by now; its balance can be set."""
        self._state.settle()
        return self._state.register.account

    @property
    def running(self) -> int:
        """Return how many tasks are running now."""
        self._state.settle()
        return self._state.register.running

    @property
    def requests(self) -> list[RequestLine]:
        """Return every request that was answered or dropped, in the order in which they ended."""
        return self._state.requests

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after every request and every noticed change; return a function that stops this."""
        self._state.listeners.append(callback)
        return lambda: self._state.listeners.remove(callback)

    async def wait_for(
        self, predicate: Callable[["LocalProvider"], bool], *, timeout_s: float = 30.0
    ) -> None:
        """Return as soon as the predicate is true of this provider.

        Raises:
            TimeoutError: it did not become true in time.
        """
        changed = asyncio.Event()
        unsubscribe = self.subscribe(changed.set)
        try:
            async with asyncio.timeout(timeout_s):
                while not predicate(self):
                    with suppress(TimeoutError):
                        await asyncio.wait_for(changed.wait(), WATCH_S)
                    changed.clear()
        finally:
            unsubscribe()
