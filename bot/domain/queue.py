"""The queue for the provider at one moment: the requests' positions, and what blocks it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.scheduling import QueueEntry

SNAPSHOT_TTL_S = 1.0
"""Seconds for which a snapshot of the queue is reused; status messages about changes are due after that."""


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """One request's position in the queue."""

    position: int
    """Counted from 1, over all servers."""
    ends_at: datetime
    """The estimated time at which its song is finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSnapshot:
    """The queue, without the requests of paused servers and those that are held back."""

    order: tuple[QueueEntry, ...] = ()
    """The queued requests in the order of their submission; empty if the order was not computed."""
    positions: Mapping[int, QueuePosition] = field(default_factory=dict)
    """The positions by request id."""
    outage: ProviderOutage | None = None
    """The lasting outage that blocks the queue."""
    paused: Mapping[int, str] = field(default_factory=dict)
    """The moderators' reasons for pausing, by server id."""
    paused_by_operator: bool = False
    """True if the bot's operator has paused all submissions."""
    backoffs: Mapping[int, datetime] = field(default_factory=dict)
    """The times until which requests are held back because their members' last ones failed, by request id."""

    @property
    def is_moving(self) -> bool:
        """Return True if requests may be submitted."""
        return self.outage is None and not self.paused_by_operator

    def position(self, request_id: int) -> QueuePosition | None:
        """Return a request's position; None if it is not in the queue."""
        return self.positions.get(request_id)


def position_bucket(position: int) -> int:
    """Return a position's bucket, by powers of two: it changes from 9 to 8, 5 to 4, 3 to 2 and 2 to 1."""
    return (position - 1).bit_length()
