"""Pagination of lists."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    number: int
    """Counted from 0."""
    pages: int
    """At least 1."""
    total: int
    """The number of items on all pages."""
    is_cut: bool = False
    """Whether there may be more items, which no page shows."""


def fetch_page(
    total: int, number: int, *, size: int, fetch: Callable[[int, int], Sequence[T]], is_cut: bool = False
) -> Page[T]:
    """Return the page of that number, or the last one; `fetch(size, offset)` returns the items."""
    pages = max(1, -(-total // size))
    number = max(0, min(number, pages - 1))
    items = fetch(size, number * size) if total else ()
    return Page(items=tuple(items), number=number, pages=pages, total=total, is_cut=is_cut)
