"""A separate connection to the server, for NOTIFY, LISTEN and the server's time."""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import nullcontext, suppress

import asyncpg

from bot.services.ports import WorkQueue
from bot.storage.postgres.clock import ClockReading, DatabaseClock
from bot.storage.postgres.engine import DATABASE_ERRORS, arguments
from bot.storage.postgres.errors import server_error
from bot.storage.postgres.url import PostgresUrl
from bot.storage.timings import StorageTimings

log = logging.getLogger(__name__)

CHANNEL = "inspire_due"
"""The channel on which processes tell each other that something may be due."""
MIN_NOTIFY_INTERVAL_S = 0.02
"""Seconds between two notifications of one process, at least."""
READINGS = 3
"""How often the time is read in a row, to use the fastest answer."""
_TIME = "SELECT clock_timestamp()"
_SEPARATOR = ","


class PostgresNotifier:
    """Notifies the other processes when this one has written, and calls `on_due` when they have.

    Both name the queues in which something may be due.

    It reconnects whenever it has to. Work whose notification is missed in between is found by polling.
    """

    def __init__(
        self,
        url: PostgresUrl,
        clock: DatabaseClock,
        timings: StorageTimings,
        *,
        on_due: Callable[[Collection[WorkQueue]], None],
    ) -> None:
        self._url = url
        self._clock = clock
        self._timings = timings
        self._on_due = on_due
        self._wake_up = asyncio.Event()
        self._due_queues: set[WorkQueue] = set()
        """The queues of which the other processes have to be told."""
        self._task: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection | None = None

    async def start(self) -> None:
        """Begin to listen; the clock is right when this returns.

        Raises:
            StoreError: the server cannot be used.
        """
        try:
            self._connection = await self._connect()
        except DATABASE_ERRORS as error:
            raise server_error(error, self._url) from error
        self._task = asyncio.create_task(self._run(self._connection), name="storage-listener")

    def notify(self, queues: Collection[WorkQueue]) -> None:
        """Tell the other processes soon that something may be due in the queues; call it after the commit."""
        self._due_queues.update(queues)
        self._wake_up.set()

    async def stop(self) -> None:
        """Stop listening and notifying."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if self._connection is not None:
            self._connection.terminate()

    async def _run(self, connection: asyncpg.Connection) -> None:
        while True:
            try:
                await self._serve(connection)
            except DATABASE_ERRORS as error:
                log.debug("the listening connection does not answer: %s", error)
            connection.terminate()
            log.warning("notifications from the database %s are interrupted; polling continues", self._url)
            connection = self._connection = await self._reconnect()
            self._on_due(tuple(WorkQueue))  # for notifications that were missed
            self.notify(tuple(WorkQueue))  # for those of this process that were not sent

    async def _serve(self, connection: asyncpg.Connection) -> None:
        """Send notifications and read the time until the connection ends or its server stops answering."""
        connection.add_termination_listener(lambda _: self._wake_up.set())
        loop = asyncio.get_running_loop()
        read_at_s = loop.time() + self._timings.clock_s
        while not connection.is_closed():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(read_at_s):
                    await self._wake_up.wait()
            if loop.time() >= read_at_s:
                await self._read_time(connection)
                read_at_s = loop.time() + self._timings.clock_s
            elif self._wake_up.is_set() and not connection.is_closed():
                self._wake_up.clear()
                queues, self._due_queues = self._due_queues, set()
                if not self._url.pooled:
                    await connection.execute(f"NOTIFY {CHANNEL}, '{_SEPARATOR.join(sorted(queues))}'")
                await asyncio.sleep(MIN_NOTIFY_INTERVAL_S)

    async def _reconnect(self) -> asyncpg.Connection:
        failures = 0
        while True:
            failures += 1
            await asyncio.sleep(self._timings.reconnects.delay_s(failures))
            try:
                connection = await self._connect()
            except DATABASE_ERRORS as error:
                log.debug("still not listening: %s", server_error(error, self._url))
            else:
                log.info("listening to the database again")
                return connection

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(**arguments(self._url, self._timings))
        own_pid = connection.get_server_pid()

        def on_notification(_connection: object, sender: int, _channel: str, payload: object) -> None:
            if sender != own_pid:  # this process has woken its own workers already
                self._on_due(_queues_of(str(payload)))

        try:
            if not self._url.pooled:  # a pooler would soon give another connection, on which nobody listens
                await connection.add_listener(CHANNEL, on_notification)
            await self._read_time(connection)
        # closes the connection whatever the error, cancellation included
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _read_time(self, connection: asyncpg.Connection) -> None:
        readings = []
        for _ in range(READINGS):
            sent_at_s = self._clock.count_s()
            # outside a transaction a pooler may run the preparation and the execution on two connections
            async with connection.transaction() if self._url.pooled else nullcontext():
                server_at = await connection.fetchval(_TIME)
            readings.append(ClockReading(sent_at_s, server_at, self._clock.count_s()))
        self._clock.set(readings)


def _queues_of(payload: str) -> Collection[WorkQueue]:
    """Return the queues that a notification names; all if another version of the bot has sent it."""
    names = payload.split(_SEPARATOR)
    known = {queue for queue in WorkQueue if queue in names}
    return known if len(known) == len(names) else tuple(WorkQueue)
