"""The store on a PostgreSQL database: any number of processes, a few connections each."""

import asyncio
import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.errors import StoreError
from bot.services.ports import Clock, WakeUp
from bot.services.unit_of_work import Store, UnitOfWork, name_of
from bot.storage.ledger_audit import audit_ledger
from bot.storage.postgres.clock import DatabaseClock
from bot.storage.postgres.engine import TROUBLE, pooled_engine
from bot.storage.postgres.errors import (
    READ_ONLY,
    code_of,
    is_lost,
    may_pass,
    outcome_unknown,
    server_error,
)
from bot.storage.postgres.notifier import PostgresNotifier
from bot.storage.postgres.url import PostgresUrl
from bot.storage.unit_of_work import SqlUnitOfWork, slow_units_logged
from bot.storage.wakeups import WakeUps

log = logging.getLogger(__name__)

ATTEMPTS = 4
"""How often a unit is run at most, when others are in its way or its connection is lost."""
PAUSE_S = 0.02
"""First pause in seconds between two attempts; doubled each time."""
P = ParamSpec("P")
T = TypeVar("T")


class PostgresStore(Store):
    """The store on one PostgreSQL database, whose schema is current; other processes may use it too.

    It belongs to the event loop that made it. A `clock` that is given is told instead of the server's time.
    """

    def __init__(self, url: PostgresUrl, *, clock: Clock | None = None) -> None:
        self._server = url
        server_clock = DatabaseClock()
        self._clock: Clock = clock or server_clock
        self._wakeups = WakeUps()
        self._notifier = PostgresNotifier(url, server_clock, on_due=self._wakeups.notify)
        self._engine = pooled_engine(url)
        self._reading = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._under_way: set[asyncio.Task[object]] = set()
        self._closed = False

    @property
    @override
    def clock(self) -> Clock:
        return self._clock

    @override
    def subscribe(self, wake_up: WakeUp) -> None:
        self._wakeups.subscribe(wake_up)

    async def start(self) -> None:
        """Begin to listen; the clock is right from now on.

        Raises:
            StoreError: the server cannot be used.
        """
        await self._notifier.start()

    @override
    async def write(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._run(lambda work: unit(work, *args, **kwargs), name_of(unit), keep=True)

    @override
    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._run(lambda work: unit(work, *args, **kwargs), name_of(unit), keep=False)

    async def audit(self) -> list[str]:
        """Each breach of the books' rules, as a sentence; none when they are right.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._run(lambda work: audit_ledger(work.connection), "store.audit", keep=False)

    async def close(self) -> None:
        """Finish what is under way, then let go of the server; whatever comes later is refused."""
        self._closed = True
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._notifier.stop()
        self._wakeups.stop()
        await self._engine.dispose()

    async def _run(self, unit: Callable[[SqlUnitOfWork], T], name: str, *, keep: bool) -> T:
        if self._closed:
            raise StoreError(f"The database {self._server} is closed: the bot is stopping.")
        # a task of its own: a connection that is cut off in the middle of an answer is of no more use
        task = asyncio.create_task(self._attempts(unit, name, keep=keep))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _attempts(self, unit: Callable[[SqlUnitOfWork], T], name: str, *, keep: bool) -> T:
        attempt = 1
        while True:
            try:
                with slow_units_logged(name):
                    return await self._once(unit, keep=keep)
            except TROUBLE as error:
                if attempt == ATTEMPTS or not may_pass(error):
                    raise server_error(error, self._server) from error
                log.debug("attempt %d of %s is repeated: %s", attempt, name, error)
            await asyncio.sleep(PAUSE_S * 2**attempt)
            attempt += 1

    async def _once(self, unit: Callable[[SqlUnitOfWork], T], *, keep: bool) -> T:
        connection = await (self._engine if keep else self._reading).connect()
        try:
            value, stirs = await connection.run_sync(self._perform, unit)
            if keep:
                await self._commit(connection)
            if stirs:
                self._wakeups.notify()
                # not in the transaction: the server lets no other commit that tells anything pass meanwhile
                self._notifier.notify()
            return value
        except TROUBLE as error:
            if isinstance(error, OSError) or code_of(error) == READ_ONLY:
                await connection.invalidate()  # it hangs, or leads to a server that is no longer the primary
            raise
        finally:
            await self._let_go(connection)

    def _perform(self, connection: Connection, unit: Callable[[SqlUnitOfWork], T]) -> tuple[T, bool]:
        """What the unit gives, and whether it has written something that may be due."""
        work = SqlUnitOfWork(connection, self._clock)
        return unit(work), work.stirs

    async def _commit(self, connection: AsyncConnection) -> None:
        try:
            await connection.commit()
        except TROUBLE as error:
            if is_lost(error) or not code_of(error):
                raise outcome_unknown(error, self._server) from error
            raise

    async def _let_go(self, connection: AsyncConnection) -> None:
        """The connection is the pool's again; what became of the unit is settled, and stays as it is."""
        try:
            await connection.close()
        except TROUBLE as error:
            log.debug("a connection was lost before it was given back: %s", error)
