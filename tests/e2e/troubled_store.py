"""A database that can be slow or broken: the real stores behind a gate."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

import pytest

from bot.services.work import Work
from bot.storage.postgres import PostgresStore
from bot.storage.sqlite import SqliteStore

P = ParamSpec("P")
T = TypeVar("T")
Kind = TypeVar("Kind", SqliteStore, PostgresStore)


@dataclass
class Trouble:
    """What is wrong with the database at the moment, for the units of work of some names."""

    units: set[str] = field(default_factory=set)
    """The functions that the trouble is with."""
    everything: bool = False
    """True when it is with all of them."""
    passing: asyncio.Event = field(default_factory=asyncio.Event)
    """The units wait until this is set."""
    error: Exception | None = None
    """What they raise instead of doing their work."""
    met: set[str] = field(default_factory=set)
    """Those that really met it."""

    def hang(self, *units: str) -> None:
        """These units of work wait until `passing` is set."""
        self.units.update(units)

    def fail(self, *units: str, error: Exception) -> None:
        """These units of work raise the error."""
        self.error = error
        self.units.update(units)
        self.passing.set()

    async def meet(self, unit: Callable[Concatenate[Work, P], T]) -> None:
        """Go through whatever is in this unit's way."""
        if not self.everything and unit.__name__ not in self.units:
            return
        self.met.add(unit.__name__)
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
        store: Kind, unit: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        await trouble.meet(unit)
        return await write(store, unit, *args, **kwargs)

    async def troubled_read(
        store: Kind, unit: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        await trouble.meet(unit)
        return await read(store, unit, *args, **kwargs)

    monkeypatch.setattr(kind, "write", troubled_write)
    monkeypatch.setattr(kind, "read", troubled_read)
