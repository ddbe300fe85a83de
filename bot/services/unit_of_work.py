"""The database as the services see it: units of work over requests, credits and the outbox."""

from collections.abc import Callable, Mapping
from functools import update_wrapper
from types import MappingProxyType
from typing import Concatenate, Generic, ParamSpec, Protocol, TypeVar

from bot.services.ports import Clock, WakeUp
from bot.services.repositories.audit_log import AuditLog
from bot.services.repositories.guilds import Guilds, Members
from bot.services.repositories.ledger import Ledger
from bot.services.repositories.library import Library, Playlists
from bot.services.repositories.outbox import Outbox
from bot.services.repositories.personal_data import Cleanup, PersonalData
from bot.services.repositories.requests import Requests
from bot.services.repositories.runtime import (
    CircuitBreakers,
    DurationStatsRepository,
    KeyValues,
    ProcessRegistry,
)

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class UnitOfWork(Protocol):
    """One unit of work: all that it does takes effect together, or none of it."""

    @property
    def requests(self) -> Requests:
        """The requests."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The credits."""
        ...

    @property
    def members(self) -> Members:
        """The members."""
        ...

    @property
    def guilds(self) -> Guilds:
        """The servers' settings."""
        ...

    @property
    def audit_log(self) -> AuditLog:
        """What moderators decided."""
        ...

    @property
    def playlists(self) -> Playlists:
        """The saved playlists."""
        ...

    @property
    def library(self) -> Library:
        """The finished songs."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The outbox."""
        ...

    @property
    def durations(self) -> DurationStatsRepository:
        """How long songs took."""
        ...

    @property
    def breakers(self) -> CircuitBreakers:
        """The provider's readiness."""
        ...

    @property
    def processes(self) -> ProcessRegistry:
        """The processes that are alive."""
        ...

    @property
    def key_values(self) -> KeyValues:
        """Single facts."""
        ...

    @property
    def personal_data(self) -> PersonalData:
        """What is kept about single persons."""
        ...

    @property
    def cleanup(self) -> Cleanup:
        """What time wipes."""
        ...


class NamedUnit(Generic[P, T_co]):
    """A unit of work with the name by which the log and the crash tests know it; called like its function."""

    def __init__(self, name: str, function: Callable[Concatenate[UnitOfWork, P], T_co]) -> None:
        update_wrapper(self, function)
        self.name = name
        self._function = function

    def __call__(self, uow: UnitOfWork, /, *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Run the function inside a unit of work that is open already."""
        return self._function(uow, *args, **kwargs)


_named: dict[str, NamedUnit[..., object]] = {}

named_units: Mapping[str, NamedUnit[..., object]] = MappingProxyType(_named)
"""All units of work that were imported so far, by name."""


def unit_of_work(name: str) -> Callable[[Callable[Concatenate[UnitOfWork, P], T]], NamedUnit[P, T]]:
    """Name a unit of work `topic.action`; return the decorator of its function.

    Raises:
        ValueError: another unit has that name.
    """

    def decorator(function: Callable[Concatenate[UnitOfWork, P], T]) -> NamedUnit[P, T]:
        if name in _named:
            raise ValueError(f"two units of work are named {name}")
        unit = NamedUnit(name, function)
        _named[name] = unit
        return unit

    return decorator


def name_of(unit: Callable[..., object]) -> str:
    """Return the name of a unit of work; that of its function when it was never named."""
    return unit.name if isinstance(unit, NamedUnit) else getattr(unit, "__qualname__", repr(unit))


class Store(Protocol):
    """The database: it runs units of work, each a function that is handed a `Work`.

    A unit that writes has a name. It has no effect but on the database: it may be run again when another one
    was in its way.
    """

    @property
    def clock(self) -> Clock:
        """The time that all processes of this database agree on."""
        ...

    def subscribe(self, wake_up: WakeUp) -> None:
        """Ring the bell when any process has written something that may be due.

        It may ring too often; what it misses is caught by polling.
        """
        ...

    async def write(self, unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the unit and give its result once it is durable; whatever it raises undoes all of it.

        Raises:
            StoreError: the database cannot be used.
        """
        ...

    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a unit that changes nothing, on one consistent view.

        Raises:
            StoreError: the database cannot be used.
        """
        ...
