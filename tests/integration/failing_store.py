"""A database that can be slow or broken: the real stores behind a gate."""

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
class Trouble:
    """What is wrong with the database at the moment, for the units of work of some names."""

    units: set[str] = field(default_factory=set)
    """Those that the trouble is with: of writes the unit's name, of reads that of its function."""
    everything: bool = False
    """True when it is with all of them."""
    passing: asyncio.Event = field(default_factory=asyncio.Event)
    """The units wait until this is set."""
    error: Exception | None = None
    """What they raise instead of doing their work."""
    unheard: set[str] = field(default_factory=set)
    """Those that have done their work by then: only the news of it is lost."""
    met: set[str] = field(default_factory=set)
    """Those that really met it."""

    def hang(self, *units: str) -> None:
        """Let these units of work wait until `passing` is set."""
        self._choose(units)

    def fail(self, *units: str, error: Exception) -> None:
        """Let these units of work raise the error."""
        self.error = error
        self._choose(units)
        self.passing.set()

    def lose(self, *units: str, error: Exception) -> None:
        """Let these units of work do their work, and raise the error then."""
        self.fail(*units, error=error)
        self.unheard.update(units)

    def end(self) -> None:
        """Let all units of work through again."""
        self.units.clear()
        self.unheard.clear()
        self.everything = False

    def _choose(self, units: tuple[str, ...]) -> None:
        unknown = [name for name in units if "." in name and name not in named_units]
        assert not unknown, f"no units of work have these names: {unknown}"
        self.units.update(units)

    async def meet(self, unit: Callable[Concatenate[UnitOfWork, P], T], *, is_done: bool = False) -> None:
        """Go through whatever is in this unit's way, before or after its work."""
        name = unit.name if isinstance(unit, NamedUnit) else unit.__name__
        if is_done is not (name in self.unheard):
            return
        if not self.everything and name not in self.units:
            return
        self.met.add(name)
        await self.passing.wait()
        if self.error is not None:
            raise self.error


def troubled(monkeypatch: pytest.MonkeyPatch) -> Trouble:
    """Trouble that the bot will have with its database when told so; none yet."""
    trouble = Trouble()
    _put_in_the_way(trouble, SqliteStore, monkeypatch)
    _put_in_the_way(trouble, PostgresStore, monkeypatch)
    return trouble


def _put_in_the_way(trouble: Trouble, kind: type[Kind], monkeypatch: pytest.MonkeyPatch) -> None:
    write, read = kind.write, kind.read

    async def troubled_write(
        store: Kind, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        await trouble.meet(unit)
        result = await write(store, unit, *args, **kwargs)
        await trouble.meet(unit, is_done=True)
        return result

    async def troubled_read(
        store: Kind, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        await trouble.meet(unit)
        return await read(store, unit, *args, **kwargs)

    monkeypatch.setattr(kind, "write", troubled_write)
    monkeypatch.setattr(kind, "read", troubled_read)
