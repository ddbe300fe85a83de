"""The line in front of the provider at one moment: who stands where, and what keeps it from moving."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.scheduling import QueueEntry
from bot.services.provider.circuit_breaker import ProviderOutage

SNAPSHOT_TTL_S = 1.0
"""How long, in seconds, a look at the line is taken as known: what is new of it is told after that."""


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """One request's place in the line."""

    position: int
    """From 1, over all servers."""
    ends_at: datetime
    """When its song will probably be finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSnapshot:
    """The line; the requests of paused servers, and those that are held back, do not stand in it."""

    order: tuple[QueueEntry, ...] = ()
    """All who stand in it, in the order in which they will be taken; empty where nobody looked."""
    positions: Mapping[int, QueuePosition] = field(default_factory=dict)
    """The places by request id."""
    outage: ProviderOutage | None = None
    """The lasting trouble for which it does not move."""
    paused: Mapping[int, str] = field(default_factory=dict)
    """The servers that moderators have paused, with their reasons."""
    paused_by_operator: bool = False
    """True when the bot's operator has stopped all of it."""
    backoffs: Mapping[int, datetime] = field(default_factory=dict)
    """Until when requests are held back because their members' last ones came to nothing, by request id."""

    @property
    def is_moving(self) -> bool:
        """True while something may be taken from it."""
        return self.outage is None and not self.paused_by_operator

    def position(self, request_id: int) -> QueuePosition | None:
        """A request's place; None when it does not stand in the line."""
        return self.positions.get(request_id)


def position_bucket(position: int) -> int:
    """How far away a place is, by powers of two: it changes from 9 to 8, 5 to 4, 3 to 2 and 2 to 1."""
    return (position - 1).bit_length()
