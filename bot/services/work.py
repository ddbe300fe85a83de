"""The database as the services see it: units of work over requests, credits and the outbox."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import update_wrapper
from types import MappingProxyType
from typing import Concatenate, Generic, ParamSpec, Protocol, TypedDict, TypeVar, Unpack

from bot.domain.polling import Durations
from bot.domain.requests import Address, Failure, Move, NewRequest, Request, State
from bot.domain.tasks import Clip, Watch
from bot.domain.turns import Place
from bot.services.books import ChangeLog, Guilds, Ledger, Members
from bot.services.gate import Gate
from bot.services.lease import Lease
from bot.services.outbox import Notices
from bot.services.people import People, Upkeep
from bot.services.ports import Bell, Clock
from bot.services.presence import Presence
from bot.services.shelves import Playlists, Shelf

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Changes(TypedDict, total=False):
    """What else a move writes to its request."""

    task_id: str
    accepted_at: datetime
    ended_at: datetime
    watch: Watch
    clips: tuple[Clip, ...]
    partial: bool
    failure: Failure
    result_channel_id: int
    result_message_id: int
    removed_at: datetime
    next_at: datetime | None
    """When a worker has to look at the request again."""


class Requests(Protocol):
    """The requests, as one unit of work sees them."""

    def add(self, new: NewRequest) -> Request:
        """Place a request, in state waiting, or awaiting approval; its id must be new."""
        ...

    def find(self, request_id: int) -> Request | None:
        """The request as it stands now."""
        ...

    def move(
        self, request: Request, move: Move, *, lease: Lease | None = None, **changes: Unpack[Changes]
    ) -> Request:
        """Make a move of the table `MOVES` and give the request as it is then, leased or free.

        Raises:
            StaleError: its state or version is no longer that of `request`; nothing was changed.
        """
        ...

    def remember(self, request: Request, *, watch: Watch, next_at: datetime) -> Request:
        """Keep what was learned of a task, give up the lease, and look again at `next_at`.

        Raises:
            StaleError: its state or version is no longer that of `request`; nothing was changed.
        """
        ...

    def set_address(self, request_id: int, address: Address) -> None:
        """Keep where the status message is; no worker is disturbed by it (the version stays)."""
        ...

    def set_approval(self, request_id: int, channel_id: int, message_id: int | None) -> None:
        """Keep where moderators decide on it, None: it could not be posted there; the version stays."""
        ...

    def active_of(self, guild_id: int, user_id: int) -> list[Request]:
        """A member's requests that hold credits, oldest first."""
        ...

    def has_ordered(self, guild_id: int, user_id: int, *, since: datetime) -> bool:
        """Tell whether the member placed a request after that; songs that went on late don't count."""
        ...

    def lock_line(self) -> None:
        """No other process takes requests from the line until this unit of work ends."""
        ...

    def count(self, *states: State) -> int:
        """How many requests are in one of these states."""
        ...

    def waiting(self) -> list[Place]:
        """All requests that wait, oldest first."""
        ...

    def running(self) -> Mapping[int, int]:
        """How many of the provider's places each server takes, of those that take any."""
        ...

    def running_since(self) -> list[tuple[str, datetime | None]]:
        """The models of the requests with the provider, and since when it has each; None until it says so."""
        ...

    def per_guild(self, *states: State) -> Mapping[int, int]:
        """How many of each server's requests are in one of these states; servers without any are left out."""
        ...

    def of_guild(self, guild_id: int, *states: State, limit: int) -> list[Request]:
        """At most `limit` of a server's requests in these states, oldest first."""
        ...

    def claim_due(self, *, now: datetime, lease: Lease, limit: int) -> list[Request]:
        """At most `limit` requests that are due and in nobody's hand, now leased; longest due first."""
        ...

    def next_due_at(self) -> datetime | None:
        """When the next request that nobody has in hand comes due."""
        ...


class Timings(Protocol):
    """How long songs took, per model."""

    def of(self, model: str) -> Durations:
        """What was seen of a model so far."""
        ...

    def keep(self, model: str, durations: Durations) -> None:
        """Remember what was seen of a model."""
        ...


class Gates(Protocol):
    """What all processes together know of the provider's readiness."""

    def get(self) -> Gate | None:
        """What was learned last, if anything was."""
        ...

    def put(self, gate: Gate) -> None:
        """Remember what was learned."""
        ...


class Memos(Protocol):
    """Single facts to remember between two starts."""

    def get(self, key: str) -> str | None:
        """The fact, if there is one."""
        ...

    def put(self, key: str, value: str) -> None:
        """Remember the fact."""
        ...


class Work(Protocol):
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
    def changes(self) -> ChangeLog:
        """What moderators decided."""
        ...

    @property
    def playlists(self) -> Playlists:
        """The saved playlists."""
        ...

    @property
    def shelf(self) -> Shelf:
        """The finished songs."""
        ...

    @property
    def notices(self) -> Notices:
        """The outbox."""
        ...

    @property
    def timings(self) -> Timings:
        """How long songs took."""
        ...

    @property
    def gates(self) -> Gates:
        """The provider's readiness."""
        ...

    @property
    def presence(self) -> Presence:
        """The processes that are alive."""
        ...

    @property
    def memos(self) -> Memos:
        """Single facts."""
        ...

    @property
    def people(self) -> People:
        """What is kept about single persons."""
        ...

    @property
    def upkeep(self) -> Upkeep:
        """What time wipes."""
        ...


class NamedUnit(Generic[P, T_co]):
    """A unit of work with the name by which the log and the crash tests know it; called like its function."""

    def __init__(self, name: str, function: Callable[Concatenate[Work, P], T_co]) -> None:
        update_wrapper(self, function)
        self.name = name
        self._function = function

    def __call__(self, work: Work, /, *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Run the function inside a unit of work that is open already."""
        return self._function(work, *args, **kwargs)


_named: dict[str, NamedUnit[..., object]] = {}

named_units: Mapping[str, NamedUnit[..., object]] = MappingProxyType(_named)
"""All units of work that were imported so far, by name."""


def unit_of_work(name: str) -> Callable[[Callable[Concatenate[Work, P], T]], NamedUnit[P, T]]:
    """Name a unit of work `topic.action`; return the decorator of its function.

    Raises:
        ValueError: another unit has that name.
    """

    def decorator(function: Callable[Concatenate[Work, P], T]) -> NamedUnit[P, T]:
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

    def subscribe(self, bell: Bell) -> None:
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

    async def read(self, unit: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit that changes nothing, on one consistent view.

        Raises:
            StoreError: the database cannot be used.
        """
        ...
