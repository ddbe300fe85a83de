"""The store on a PostgreSQL database: any number of processes, a few connections each."""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.errors import StoreError
from bot.domain.retry_policy import RetryPolicy
from bot.services.ports import Clock, WakeUp, WorkQueue
from bot.services.unit_of_work import Share, Store, UnitOfWork, name_of, share_of
from bot.storage.postgres.clock import DatabaseClock
from bot.storage.postgres.engine import DATABASE_ERRORS, SHARES, pooled_engine
from bot.storage.postgres.errors import (
    READ_ONLY,
    code_of,
    is_lost,
    is_transient,
    outcome_unknown,
    server_error,
)
from bot.storage.postgres.notifier import PostgresNotifier
from bot.storage.postgres.url import PostgresUrl
from bot.storage.timings import STORAGE_TIMINGS, StorageTimings
from bot.storage.unit_of_work import SqlUnitOfWork, slow_units_logged
from bot.storage.wakeups import WakeUps

log = logging.getLogger(__name__)

ATTEMPTS = 4
"""How often a unit is run at most, when it conflicts with others or its connection is lost."""
RETRIES = RetryPolicy(first_s=0.04, max_s=0.16)
"""The pauses between them."""
P = ParamSpec("P")
T = TypeVar("T")


class PostgresStore(Store):
    """The store on one PostgreSQL database, whose schema is current; other processes may use it too.

    It belongs to the event loop that made it. A `clock` that is given replaces the server's time. A caller
    that is cancelled does not stop its unit. A unit is run again after a conflict or a lost connection, but
    not when it is unknown whether it was committed.
    """

    def __init__(
        self, url: PostgresUrl, timings: StorageTimings = STORAGE_TIMINGS, *, clock: Clock | None = None
    ) -> None:
        self._url = url
        server_clock = DatabaseClock()
        self._clock: Clock = clock or server_clock
        self._wakeups = WakeUps()
        self._notifier = PostgresNotifier(url, server_clock, timings, on_due=self._wakeups.notify)
        self._engine = pooled_engine(url, timings)
        self._reading = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        # all others use what is left of the pool
        self._shares: dict[Share | None, AbstractAsyncContextManager[None]] = {
            share: asyncio.Semaphore(most) for share, most in SHARES.items()
        }
        self._running: set[asyncio.Task[object]] = set()
        self._closed = False

    @property
    @override
    def clock(self) -> Clock:
        return self._clock

    @override
    def subscribe(self, queue: WorkQueue, wake_up: WakeUp) -> None:
        self._wakeups.subscribe(queue, wake_up)

    async def start(self) -> None:
        """Begin to listen for notifications; the clock is right when this returns.

        Raises:
            StoreError: the server cannot be used.
        """
        await self._notifier.start()

    @override
    async def write(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._run(lambda uow: unit(uow, *args, **kwargs), name_of(unit), share=None)

    @override
    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._run(lambda uow: unit(uow, *args, **kwargs), name_of(unit), share=share_of(unit))

    async def close(self) -> None:
        """Wait for the running units, then disconnect; units that come later are refused."""
        self._closed = True
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._notifier.stop()
        self._wakeups.stop()
        await self._engine.dispose()

    async def _run(self, unit: Callable[[SqlUnitOfWork], T], name: str, *, share: Share | None) -> T:
        """Run a unit that reads among those of its share, or one that writes."""
        if self._closed:
            raise StoreError(f"The database {self._url} is closed: the bot is stopping.")
        # a task of its own: a cancelled caller would make a connection useless in the middle of an answer
        task = asyncio.create_task(self._run_with_retries(unit, name, share=share))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _run_with_retries(
        self, unit: Callable[[SqlUnitOfWork], T], name: str, *, share: Share | None
    ) -> T:
        attempt = 1
        while True:
            try:
                async with self._shares.get(share, nullcontext()):
                    with slow_units_logged(name):
                        return await self._run_once(unit, commit=share is None)
            except DATABASE_ERRORS as error:
                if attempt == ATTEMPTS or not is_transient(error):
                    raise server_error(error, self._url) from error
                log.debug("attempt %d of %s is repeated: %s", attempt, name, error)
            await asyncio.sleep(RETRIES.delay_s(attempt))
            attempt += 1

    async def _run_once(self, unit: Callable[[SqlUnitOfWork], T], *, commit: bool) -> T:
        connection = await (self._engine if commit else self._reading).connect()
        try:
            value, due_queues = await connection.run_sync(self._run_unit, unit)
            if commit:
                await self._commit(connection)
            if due_queues:
                self._wakeups.notify(due_queues)
                # not in the transaction: the server serialises all commits that notify
                self._notifier.notify(due_queues)
            return value
        except DATABASE_ERRORS as error:
            if isinstance(error, OSError) or code_of(error) == READ_ONLY:
                await connection.invalidate()  # the server hangs, or is no longer the primary
            raise
        finally:
            await self._release(connection)

    def _run_unit(
        self, connection: Connection, unit: Callable[[SqlUnitOfWork], T]
    ) -> tuple[T, Collection[WorkQueue]]:
        """Run the unit; return its result, and the queues in which it may have made something due."""
        uow = SqlUnitOfWork(connection, self._clock)
        return unit(uow), uow.due_queues

    async def _commit(self, connection: AsyncConnection) -> None:
        try:
            await connection.commit()
        except DATABASE_ERRORS as error:
            if is_lost(error) or not code_of(error):
                raise outcome_unknown(error, self._url) from error
            raise

    async def _release(self, connection: AsyncConnection) -> None:
        """Return the connection to the pool; a failure does not change the outcome of the unit."""
        try:
            await connection.close()
        except DATABASE_ERRORS as error:
            log.debug("a connection was lost before it was returned to the pool: %s", error)
