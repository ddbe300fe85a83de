"""A store whose first writes meet a conflict."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from bot.domain.errors import ConflictError
from bot.services.ports import Clock, WakeUp, WorkQueue
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork

P = ParamSpec("P")
T = TypeVar("T")


class ConflictingStore(Store):
    """A wrapper of a store that raises a conflict for the first writes."""

    def __init__(self, store: Store, times: int) -> None:
        self._store = store
        self._times = times

    @property
    def clock(self) -> Clock:
        """The store's."""
        return self._store.clock

    def subscribe(self, queue: WorkQueue, wake_up: WakeUp) -> None:
        """At the store."""
        self._store.subscribe(queue, wake_up)

    async def write(self, unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the unit, or raise a conflict."""
        if self._times:
            self._times -= 1
            raise ConflictError("somebody else moved it first")
        return await self._store.write(unit, *args, **kwargs)

    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run the unit."""
        return await self._store.read(unit, *args, **kwargs)
