"""The line in front of the provider at one moment: who stands where, and what keeps it from moving."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.turns import Place
from bot.services.gate import Trouble

LINE_S = 1.0
"""How long, in seconds, a look at the line is taken as known: what is new of it is told after that."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One request's place in the line."""

    position: int
    """From 1, over all servers."""
    ends_at: datetime
    """When its song will probably be finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The line; the requests of paused servers, and those that are held back, do not stand in it."""

    order: tuple[Place, ...] = ()
    """All who stand in it, in the order in which they will be taken; empty where nobody looked."""
    turns: Mapping[int, Turn] = field(default_factory=dict)
    """The places by request id."""
    pause: Trouble | None = None
    """The lasting trouble for which it does not move."""
    paused: Mapping[int, str] = field(default_factory=dict)
    """The servers that moderators have paused, with their reasons."""
    halted: bool = False
    """True when the bot's operator has stopped all of it."""
    held: Mapping[int, datetime] = field(default_factory=dict)
    """Until when requests are held back because their members' last ones came to nothing, by request id."""

    @property
    def moves(self) -> bool:
        """True while something may be taken from it."""
        return self.pause is None and not self.halted

    def turn(self, request_id: int) -> Turn | None:
        """A request's place; None when it does not stand in the line."""
        return self.turns.get(request_id)


def rung(position: int) -> int:
    """How far away a place is, by powers of two: it changes from 9 to 8, 5 to 4, 3 to 2 and 2 to 1."""
    return (position - 1).bit_length()
