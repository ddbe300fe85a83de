"""Refusals of requests because of a server's queue. `errors.py` has the whole tree."""

from dataclasses import dataclass

from bot.domain.errors import RefusalError


@dataclass(eq=False)
class ClosedError(RefusalError):
    """A server whose moderators take no more requests for now; `reason` is in their words."""

    reason: str


@dataclass(eq=False)
class QueueFullError(RefusalError):
    """A server in which `limit` requests wait already."""

    limit: int
