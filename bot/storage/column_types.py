"""Column types: times in UTC, Discord's ids, and values stored as JSON."""

from datetime import UTC, datetime
from typing import Generic, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer
from sqlalchemy.types import TypeDecorator

T = TypeVar("T")

SNOWFLAKE = BigInteger().with_variant(Integer(), "sqlite")
"""A Discord id, 63 bits; on SQLite an INTEGER, so that a primary key is the row id itself."""


class UtcDateTime(TypeDecorator[datetime]):
    """A time in aware UTC, to the microsecond; on SQLite sortable text without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        """Convert an aware time to UTC.

        Raises:
            ValueError: it has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        """Return the time as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[T], Generic[T]):
    """A value of the domain, stored as JSON."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, kind: type[T]) -> None:
        super().__init__()
        self.kind = kind
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)

    def process_bind_param(self, value: T | None, dialect: Dialect) -> object:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        """Convert the value to objects that JSON can represent."""
        return None if value is None else self._adapter.dump_python(value, mode="json")

    def process_result_value(self, value: object, dialect: Dialect) -> T | None:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        """Convert the stored objects back to the domain's value."""
        return None if value is None else self._adapter.validate_python(value)
