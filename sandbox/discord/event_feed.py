"""The stream of changes, for every observer: a page, a test, a person waiting for an answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

Found = TypeVar("Found")
RECHECK_S = 0.02


class FeedEventKind(StrEnum):
    """The kind of a change."""

    MESSAGE_POSTED = "message_posted"
    MESSAGE_EDITED = "message_edited"
    MESSAGE_DELETED = "message_deleted"
    CHANNEL = "channel"
    GUILD = "guild"
    COMMANDS = "commands"
    INTERACTION = "interaction"
    GATEWAY = "gateway"
    REQUEST = "request"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """One change and where it happened."""

    kind: FeedEventKind
    at: datetime
    channel_id: int | None = None
    message_id: int | None = None


class EventFeed:
    """A stream of changes to subscribers, in the order they happen."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[FeedEvent], None]] = []
        self._waiting: set[asyncio.Event] = set()

    def subscribe(self, callback: Callable[[FeedEvent], None]) -> Callable[[], None]:
        """Send every later change to the callback; return a function that stops this."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def publish(self, change: FeedEvent) -> None:
        """Send the change to every subscriber."""
        for callback in tuple(self._callbacks):
            callback(change)
        for event in self._waiting:
            event.set()

    async def wait_for(self, predicate: Callable[[], Found | None], *, timeout_s: float) -> Found:
        """Return the predicate's value as soon as it is truthy.

        It is asked at every change, and every 20 ms for conditions that lie elsewhere.

        Raises:
            AssertionError: It was not within `timeout_s` seconds.
        """
        changed = asyncio.Event()
        self._waiting.add(changed)
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        try:
            while not (found := predicate()):
                left_s = end - loop.time()
                if left_s <= 0:
                    raise AssertionError(f"not within {timeout_s} s")
                await self._changed(changed, within_s=min(RECHECK_S, left_s))
            return found
        finally:
            self._waiting.discard(changed)

    @staticmethod
    async def _changed(event: asyncio.Event, *, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s):
                await event.wait()
        except TimeoutError:
            return
        event.clear()
