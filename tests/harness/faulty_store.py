"""The real stores with faults: units of work that hang, fail, or lose their replies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

from typing_extensions import override

from bot.services.ports import Clock, WakeUp, WorkQueue
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork, named_units
from bot.storage.timings import StorageTimings

P = ParamSpec("P")
T = TypeVar("T")
StoreOpener: TypeAlias = Callable[[str, StorageTimings], AbstractAsyncContextManager[Store]]


@dataclass
class StoreFaults:
    """The faults of the database, by the names of units of work."""

    units: set[str] = field(default_factory=set)
    """The faulty units: of writes the unit's name, of reads that of its function."""
    everything: bool = False
    """Whether all units are faulty."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """The faulty units wait until this is set."""
    error: Exception | None = None
    """The error that they raise instead of doing their work."""
    times: int | None = None
    """How often they raise it before all faults end, or None."""
    lost_replies: set[str] = field(default_factory=set)
    """Those that do their work before they raise the error."""
    reached: set[str] = field(default_factory=set)
    """Those that a fault struck."""

    def hang(self, *units: str) -> None:
        """Let these units of work wait until `released` is set."""
        self._choose(units)

    def fail(self, *units: str, error: Exception, times: int | None = None) -> None:
        """Let these units of work raise the error, or all if none is named."""
        self.error = error
        self.times = times
        self.everything = not units
        self._choose(units)
        self.released.set()

    def lose(self, *units: str, error: Exception) -> None:
        """Let these units of work do their work, and then raise the error."""
        self.fail(*units, error=error)
        self.lost_replies.update(units)

    def end(self) -> None:
        """Remove all faults."""
        self.units.clear()
        self.lost_replies.clear()
        self.everything = False

    def _choose(self, units: tuple[str, ...]) -> None:
        unknown = [name for name in units if "." in name and name not in named_units]
        assert not unknown, f"no units of work have these names: {unknown}"
        self.units.update(units)

    async def strike(self, unit: Callable[Concatenate[UnitOfWork, P], T], *, is_done: bool = False) -> None:
        """Apply the fault of this unit, before or after its work."""
        name = unit.name if isinstance(unit, NamedUnit) else unit.__name__
        if is_done is not (name in self.lost_replies):
            return
        if not self.everything and name not in self.units:
            return
        self.reached.add(name)
        await self.released.wait()
        if self.error is None:
            return
        if self.times is not None:
            self.times -= 1
            if not self.times:
                self.end()
        raise self.error


class FaultyStore(Store):
    """A store with faults."""

    def __init__(self, store: Store, faults: StoreFaults) -> None:
        self._store = store
        self._faults = faults

    @property
    @override
    def clock(self) -> Clock:
        return self._store.clock

    @override
    def subscribe(self, queue: WorkQueue, wake_up: WakeUp) -> None:
        self._store.subscribe(queue, wake_up)

    @override
    async def write(self, unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        await self._faults.strike(unit)
        result = await self._store.write(unit, *args, **kwargs)
        await self._faults.strike(unit, is_done=True)
        return result

    @override
    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        await self._faults.strike(unit)
        return await self._store.read(unit, *args, **kwargs)


def with_faults(open_store: StoreOpener, faults: StoreFaults) -> StoreOpener:
    """Return an opener of stores that have the faults once they are open."""

    @asynccontextmanager
    async def opened(url: str, timings: StorageTimings) -> AsyncIterator[Store]:
        async with open_store(url, timings) as store:
            yield FaultyStore(store, faults)

    return opened
