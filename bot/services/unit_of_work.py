"""Units of work, and the store that runs them."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial, update_wrapper
from types import MappingProxyType
from typing import Concatenate, Generic, ParamSpec, Protocol, TypeVar

from bot.services.ports import Clock, WakeUp, WorkQueue
from bot.services.repositories.audit_log import AuditLog
from bot.services.repositories.caps import Caps
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
from bot.services.repositories.usage import Usage

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class UnitOfWork(Protocol):
    """The repositories of one unit of work, whose changes take effect together or not at all."""

    @property
    def requests(self) -> Requests:
        """Return the song requests."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Return the credits."""
        ...

    @property
    def usage(self) -> Usage:
        """Return what songs used, by day."""
        ...

    @property
    def caps(self) -> Caps:
        """Return the owner's caps."""
        ...

    @property
    def members(self) -> Members:
        """Return the members' records."""
        ...

    @property
    def guilds(self) -> Guilds:
        """Return the servers' settings."""
        ...

    @property
    def audit_log(self) -> AuditLog:
        """Return the moderators' audit log."""
        ...

    @property
    def playlists(self) -> Playlists:
        """Return the saved playlists."""
        ...

    @property
    def library(self) -> Library:
        """Return the finished songs."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Return the outbox."""
        ...

    @property
    def durations(self) -> DurationStatsRepository:
        """Return how long songs took."""
        ...

    @property
    def breakers(self) -> CircuitBreakers:
        """Return the circuit breaker of the provider."""
        ...

    @property
    def processes(self) -> ProcessRegistry:
        """Return the processes that are alive."""
        ...

    @property
    def key_values(self) -> KeyValues:
        """Return the values that are stored by key."""
        ...

    @property
    def personal_data(self) -> PersonalData:
        """Return the data about single persons."""
        ...

    @property
    def cleanup(self) -> Cleanup:
        """Return the retention jobs."""
        ...


class NamedUnit(Generic[P, T_co]):
    """A unit of work with its name for the log and the crash tests; it is called like its function."""

    def __init__(self, name: str, function: Callable[Concatenate[UnitOfWork, P], T_co]) -> None:
        update_wrapper(self, function)
        self.name = name
        self._function = function

    def __call__(self, uow: UnitOfWork, /, *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Run the function in a unit of work that is open already."""
        return self._function(uow, *args, **kwargs)


_named: dict[str, NamedUnit[..., object]] = {}

named_units: Mapping[str, NamedUnit[..., object]] = MappingProxyType(_named)
"""All units of work that have been imported so far, by name."""


def unit_of_work(name: str) -> Callable[[Callable[Concatenate[UnitOfWork, P], T]], NamedUnit[P, T]]:
    """Name a unit of work `topic.action`; return the decorator for its function.

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


class Share(StrEnum):
    """Whose reads an operation is among: each has a share of the database's readers, and a time limit."""

    MEMBERS = "members"
    """Answers that somebody waits for; they never wait for the others."""
    WORKERS = "workers"
    REPORTS = "reports"
    """Reads that take longer the more there is."""


class SharedRead(Generic[P, T_co]):
    """A unit that reads, with its share; it is called like its function."""

    def __init__(self, share: Share, function: Callable[Concatenate[UnitOfWork, P], T_co]) -> None:
        update_wrapper(self, function)
        self.share = share
        self._function = function

    def __call__(self, uow: UnitOfWork, /, *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Read in a unit of work that is open already."""
        return self._function(uow, *args, **kwargs)


def reads(share: Share) -> Callable[[Callable[Concatenate[UnitOfWork, P], T]], SharedRead[P, T]]:
    """Put a unit that reads among those of a share; return the decorator for its function."""
    return partial(SharedRead, share)


def share_of(unit: Callable[..., object]) -> Share:
    """Return the share of a unit that reads: that of members, if it was given no other."""
    return unit.share if isinstance(unit, SharedRead) else Share.MEMBERS


def name_of(unit: Callable[..., object]) -> str:
    """Return the name of a unit of work, or that of its function if it was not named."""
    return unit.name if isinstance(unit, NamedUnit) else getattr(unit, "__qualname__", repr(unit))


class Store(Protocol):
    """The database: it runs units of work, which are functions that take a `UnitOfWork`.

    A unit that writes has a name. It changes nothing but the database, because it is run again after a
    conflict with another one.
    """

    @property
    def clock(self) -> Clock:
        """Return the clock that all processes of this database share."""
        ...

    def subscribe(self, queue: WorkQueue, wake_up: WakeUp) -> None:
        """Call `wake_up` when any process has written something that may be due in the queue.

        It may be called too often; what it misses is caught by polling.
        """
        ...

    async def write(self, unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the unit and return its result once it is durable; roll back whatever it raises.

        Raises:
            StoreError: the database cannot be used.
        """
        ...

    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a unit that changes nothing, on one consistent snapshot; return its result.

        Raises:
            TookTooLongError: it was stopped at the time limit of its share.
            StoreError: the database cannot be used.
        """
        ...
