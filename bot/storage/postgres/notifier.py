"""A connection of its own to a server: it tells and hears of what was written, and keeps the time right."""

import asyncio
import logging
from contextlib import nullcontext, suppress

import asyncpg

from bot.services.ports import WakeUp
from bot.storage.postgres.clock import ClockReading, DatabaseClock
from bot.storage.postgres.engine import TROUBLE, arguments
from bot.storage.postgres.errors import server_error
from bot.storage.postgres.url import PostgresUrl

log = logging.getLogger(__name__)

CHANNEL = "inspire_due"
"""Where processes tell each other that something may be due."""
NOTIFY_TIMEOUT_S = 0.02
"""Least seconds between two such messages of one process."""
CLOCK_S = 30.0
"""How often, in seconds, the server is asked for its time; also how soon a dead connection is noticed."""
READINGS = 3
"""How often at a time."""
RECONNECT_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses in seconds before each try to connect again; the last one is repeated."""
_TIME = "SELECT clock_timestamp()"
_NOTIFY = f"NOTIFY {CHANNEL}"


class PostgresNotifier:
    """Tells the other processes what this one has written, and calls `on_due` when they have.

    It connects again whenever it has to. What is not told meanwhile, they find when they look by themselves.
    """

    def __init__(self, url: PostgresUrl, clock: DatabaseClock, *, on_due: WakeUp) -> None:
        self._server = url
        self._clock = clock
        self._on_due = on_due
        self._stirred = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection | None = None

    async def start(self) -> None:
        """Listen from now on; the clock is right when this returns.

        Raises:
            StoreError: the server cannot be used.
        """
        try:
            self._connection = await self._connect()
        except TROUBLE as error:
            raise server_error(error, self._server) from error
        self._task = asyncio.create_task(self._run(self._connection), name="storage-listener")

    def notify(self) -> None:
        """The other processes hear soon that something may be due; it was committed before."""
        self._stirred.set()

    async def stop(self) -> None:
        """Listen and tell no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if self._connection is not None:
            self._connection.terminate()

    async def _run(self, connection: asyncpg.Connection) -> None:
        while True:
            try:
                await self._keep(connection)
            except TROUBLE as error:
                log.debug("the listening connection does not answer: %s", error)
            connection.terminate()
            log.warning("not hearing from the database %s for now; it is still asked", self._server)
            connection = self._connection = await self._reconnect()
            self._on_due()  # for whatever was not heard meanwhile
            self.notify()  # and what was not told

    async def _keep(self, connection: asyncpg.Connection) -> None:
        """Stay until the connection ends, or its server no longer answers."""
        connection.add_termination_listener(lambda _: self._stirred.set())
        loop = asyncio.get_running_loop()
        read_at_s = loop.time() + CLOCK_S
        while not connection.is_closed():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(read_at_s):
                    await self._stirred.wait()
            if loop.time() >= read_at_s:
                await self._read_time(connection)
                read_at_s = loop.time() + CLOCK_S
            elif self._stirred.is_set() and not connection.is_closed():
                self._stirred.clear()
                if not self._server.pooled:
                    await connection.execute(_NOTIFY)
                await asyncio.sleep(NOTIFY_TIMEOUT_S)

    async def _reconnect(self) -> asyncpg.Connection:
        tries = 0
        while True:
            await asyncio.sleep(RECONNECT_S[min(tries, len(RECONNECT_S) - 1)])
            tries += 1
            try:
                connection = await self._connect()
            except TROUBLE as error:
                log.debug("still not listening: %s", server_error(error, self._server))
            else:
                log.info("listening to the database again")
                return connection

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(**arguments(self._server))
        own = connection.get_server_pid()

        def heard(_ear: object, by: int, *_: object) -> None:
            if by != own:  # of what this process writes it knows sooner
                self._on_due()

        try:
            if not self._server.pooled:  # a pooler's connection would soon be another one, and hear nothing
                await connection.add_listener(CHANNEL, heard)
            await self._read_time(connection)
        # whatever ends it, what was opened is let go of; it is raised again below
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _read_time(self, connection: asyncpg.Connection) -> None:
        readings = []
        for _ in range(READINGS):
            asked_at_s = self._clock.count_s()
            # outside of a transaction a pooler may part the statement from its execution
            async with connection.transaction() if self._server.pooled else nullcontext():
                server_at = await connection.fetchval(_TIME)
            readings.append(ClockReading(asked_at_s, server_at, self._clock.count_s()))
        self._clock.set(readings)
