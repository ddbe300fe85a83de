"""The real stores with faults: units of work that hang, fail, or lose their replies."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

import pytest

from bot.services.unit_of_work import NamedUnit, UnitOfWork, named_units
from bot.storage.postgres.store import PostgresStore
from bot.storage.sqlite.store import SqliteStore

P = ParamSpec("P")
T = TypeVar("T")
Kind = TypeVar("Kind", SqliteStore, PostgresStore)


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
    lost_replies: set[str] = field(default_factory=set)
    """Those that do their work before they raise the error."""
    reached: set[str] = field(default_factory=set)
    """Those that a fault struck."""

    def hang(self, *units: str) -> None:
        """Let these units of work wait until `released` is set."""
        self._choose(units)

    def fail(self, *units: str, error: Exception) -> None:
        """Let these units of work raise the error."""
        self.error = error
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
        if self.error is not None:
            raise self.error


def faulty_store(monkeypatch: pytest.MonkeyPatch) -> StoreFaults:
    """Patch both stores with faults, of which there are none yet; return them."""
    faults = StoreFaults()
    _patch(faults, SqliteStore, monkeypatch)
    _patch(faults, PostgresStore, monkeypatch)
    return faults


def _patch(faults: StoreFaults, kind: type[Kind], monkeypatch: pytest.MonkeyPatch) -> None:
    write, read = kind.write, kind.read

    async def faulty_write(
        store: Kind, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        await faults.strike(unit)
        result = await write(store, unit, *args, **kwargs)
        await faults.strike(unit, is_done=True)
        return result

    async def faulty_read(
        store: Kind, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        await faults.strike(unit)
        return await read(store, unit, *args, **kwargs)

    monkeypatch.setattr(kind, "write", faulty_write)
    monkeypatch.setattr(kind, "read", faulty_read)
