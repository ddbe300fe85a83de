"""A unit of work that is handed to a thread, with its outcome."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from bot.storage.sqlite.errors import store_error
from bot.storage.unit_of_work import SqlUnitOfWork, slow_units_logged

T_co = TypeVar("T_co", covariant=True)


class WriteTask(Generic[T_co]):
    """A unit of work that runs in one thread and returns its outcome to another."""

    __slots__ = ("_error", "_path", "_unit", "_value", "has_new_work", "name")

    def __init__(self, unit: Callable[[SqlUnitOfWork], T_co], path: Path, *, name: str) -> None:
        self.name = name
        self._unit = unit
        self._path = path
        self._value: list[T_co] = []
        self._error: BaseException | None = None
        self.has_new_work = False

    def run(self, uow: SqlUnitOfWork) -> None:
        """Run the unit and keep its result, and whether it has written something that may be due."""
        with slow_units_logged(self.name):
            self._value.append(self._unit(uow))
        self.has_new_work = uow.has_new_work

    def fail(self, error: BaseException) -> None:
        """Keep the error as the outcome; describe a database error for the operator."""
        if isinstance(error, SQLAlchemyError):
            self._error = store_error(error, self._path)
            self._error.__cause__ = error
        else:
            self._error = error

    def result(self) -> T_co:
        """Return what the unit returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._value[0]
