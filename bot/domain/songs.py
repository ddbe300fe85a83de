"""Finished songs as a server keeps them: who asked for each, and what members think of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.domain.errors import RefusalError
from bot.domain.requests import Request, State

STARS = range(1, 6)
"""What a vote may be."""
FINISHED = frozenset({State.DELIVERED, State.UNDELIVERABLE})
"""The states of a song that can be heard."""


@dataclass(eq=False)
class SongNotFoundError(RefusalError):
    """There is no such song in this server."""


@dataclass(eq=False)
class SongRemovedError(RefusalError):
    """The song was removed."""


@dataclass(eq=False)
class DetailsWipedError(RefusalError):
    """What the song was asked for with is no longer kept, so the same can't be asked for again."""


@dataclass(eq=False)
class NotFinishedError(RefusalError):
    """The song is not finished, or its post is not yet written down."""


@dataclass(eq=False)
class RemovalForbiddenError(RefusalError):
    """The song is somebody else's, and the member is no moderator."""


class TopPeriod(StrEnum):
    """How far back the best songs are looked for, from now."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"

    def since(self, now: datetime) -> datetime | None:
        """When it begins; None for all that there is."""
        length = _LENGTHS.get(self)
        return None if length is None else now - length


_LENGTHS = MappingProxyType(
    {TopPeriod.DAY: timedelta(days=1), TopPeriod.WEEK: timedelta(days=7), TopPeriod.MONTH: timedelta(days=30)}
)


@dataclass(frozen=True, slots=True)
class Rating:
    """What members think of a song."""

    votes: int = 0
    stars: int = 0
    """Of all votes together."""

    @property
    def average(self) -> float | None:
        """From 1 to 5; None while nobody has voted."""
        return self.stars / self.votes if self.votes else None


UNRATED = Rating()


@dataclass(frozen=True, slots=True)
class Song:
    """A finished song of a server."""

    request: Request
    rating: Rating

    @property
    def title(self) -> str | None:
        """What the provider called it, if it did."""
        return next((clip.title for clip in self.request.clips if clip.title), None)

    @property
    def duration_s(self) -> float | None:
        """The length of the first clip, in seconds."""
        return self.request.clips[0].duration_s if self.request.clips else None

    @property
    def post(self) -> tuple[int, int] | None:
        """The channel and the message of its result; None where the server cannot look at it."""
        channel_id, message_id = self.request.result_channel_id, self.request.result_message_id
        slots = {self.request.address.channel_id, self.request.delivery_channel_id}
        if channel_id is None or message_id is None or channel_id not in slots:
            return None
        return channel_id, message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A member who looks at a server's songs."""

    guild_id: int
    user_id: int
    channel_ids: frozenset[int]
    """The channels there that the member sees; songs of other ones are only their own members'."""

    def can_see(self, request: Request) -> bool:
        """Return True for a song of the member's own, or of a channel that the member sees."""
        return request.user_id == self.user_id or result_channel_id(request) in self.channel_ids


def result_channel_id(request: Request) -> int:
    """Return the channel in which members meet the song: that of its result, else where it was asked for."""
    posted, asked = request.result_channel_id, request.address.channel_id
    return posted if posted is not None and posted == request.delivery_channel_id else asked


def require_available(request: Request | None, guild_id: int) -> Request:
    """The request, if it became a song that members of the server can hear.

    Raises:
        SongNotFoundError, NotFinishedError, SongRemovedError: it did not.
    """
    if request is None or request.guild_id != guild_id:
        raise SongNotFoundError
    if request.removed_at is not None:
        raise SongRemovedError
    if request.state not in FINISHED:
        raise NotFinishedError
    return request
