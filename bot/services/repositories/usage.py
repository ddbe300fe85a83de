"""The persistence port of what requests came to, counted by day as they end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from bot.domain.requests import Request


class UsageKind(StrEnum):
    """What a series of counts is kept for, which its key names."""

    SERVER = "server"
    """The server; the key is empty."""
    MEMBER = "member"
    """A member; the key is the id, or a random name once the member's data is erased."""
    PLAYLIST = "playlist"
    MODEL = "model"
    FAILURE = "failure"
    """Why there is no song; the key is the kind of failure, or the state of a request without one."""


@dataclass(frozen=True, slots=True)
class Use:
    """The songs that were finished, the credits that they used, and all requests that ended."""

    songs: int = 0
    credits: int = 0
    requests: int = 0
    """With a song or without one."""


NO_USE = Use()


class Usage(Protocol):
    """What requests came to, by the day (UTC) of their end, by server, member, playlist, model and failure.

    Reading it costs as much as there are days and keys, however many requests there are.
    """

    def count(self, request: Request, *, on: date) -> None:
        """Count a request whose hold ends on this day, in the unit of work that ends it.

        Of one server, only one such unit runs from here to its end.
        """
        ...

    def spent(self, guild_id: int, *, since: date) -> int:
        """Return the credits that a server's requests hold now, or used from this day on.

        `ALL_GUILDS` stands for all servers together.
        """
        ...

    def by_day(self, guild_id: int, first: date, last: date) -> Mapping[date, Use]:
        """Return what a server used on each of these days; days without songs are left out."""
        ...

    def by_member(self, guild_id: int, first: date, last: date) -> Mapping[int, Use]:
        """Return what each member of a server used in these days; members without requests are left out.

        0 stands for all whose data was erased.
        """
        ...

    def by_key(self, guild_id: int, kind: UsageKind, first: date, last: date) -> Mapping[str, Use]:
        """Return what each key of a kind came to in a server in these days; keys without any are left out."""
        ...

    def by_guild(self, first: date) -> Mapping[int, Use]:
        """Return what each server used from this day on; servers without songs are left out."""
        ...
