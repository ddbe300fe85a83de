"""The persistence port of what songs used, counted by day as they are finished."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.domain.requests import Request


@dataclass(frozen=True, slots=True)
class Use:
    """The songs that were finished, and the credits that they used."""

    songs: int = 0
    credits: int = 0


NO_USE = Use()


class Usage(Protocol):
    """What finished songs used, by day (UTC), server and member.

    Reading it costs as much as there are days and members, however many songs there are.
    """

    def count(self, request: Request, *, on: date) -> None:
        """Count a request whose credits are used on this day, in the unit of work that ends its hold.

        Of one server, only one such unit runs from here to its end.
        """
        ...

    def by_day(self, guild_id: int, first: date, last: date) -> Mapping[date, Use]:
        """Return what a server used on each of these days; days without songs are left out."""
        ...

    def by_member(self, guild_id: int, first: date, last: date) -> Mapping[int, Use]:
        """Return what each member of a server used in these days; members without songs are left out.

        0 stands for all whose data was erased.
        """
        ...

    def by_guild(self, first: date) -> Mapping[int, Use]:
        """Return what each server used from this day on; servers without songs are left out."""
        ...
