"""Lists by the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    number: int
    """From 0."""
    pages: int
    """At least 1."""
    total: int
    """How many there are on all pages."""


def fetch_page(total: int, number: int, *, size: int, fetch: Callable[[int, int], Sequence[T]]) -> Page[T]:
    """The page of that number, or the last one; `fetch` is told how many, and after how many."""
    pages = max(1, -(-total // size))
    number = max(0, min(number, pages - 1))
    items = fetch(size, number * size) if total else ()
    return Page(items=tuple(items), number=number, pages=pages, total=total)
