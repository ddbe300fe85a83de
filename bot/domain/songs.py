"""A server's library of finished songs, with the members who love them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.domain.errors import RefusalError
from bot.domain.requests import Request, State

LOVABLE_CLIPS = 2
"""How many clips of a song, from the first, can be loved."""
DOUBLE_PRESS = timedelta(seconds=2)
"""How long after a press another one of the same member on the same heart counts as the same."""
FINISHED = frozenset({State.DELIVERED, State.UNDELIVERABLE})
"""The states of a finished song."""


@dataclass(eq=False)
class SongNotFoundError(RefusalError):
    """A song that does not exist in this server."""


@dataclass(eq=False)
class SongRemovedError(RefusalError):
    """A song that was removed."""


@dataclass(eq=False)
class DetailsErasedError(RefusalError):
    """A song whose options are no longer stored, so that it cannot be requested again."""


@dataclass(eq=False)
class NotFinishedError(RefusalError):
    """A song that is not finished, or whose result message is not recorded yet."""


@dataclass(eq=False)
class OwnSongError(RefusalError):
    """A love of the member who requested the song."""


@dataclass(eq=False)
class RemovalForbiddenError(RefusalError):
    """A removal of another member's song by someone who is no moderator."""


class TopPeriod(StrEnum):
    """The period of the top songs, counted back from now."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"

    def since(self, now: datetime) -> datetime | None:
        """Return the start of the period; None for all time."""
        length = _LENGTHS.get(self)
        return None if length is None else now - length


_LENGTHS = MappingProxyType(
    {TopPeriod.DAY: timedelta(days=1), TopPeriod.WEEK: timedelta(days=7), TopPeriod.MONTH: timedelta(days=30)}
)


@dataclass(frozen=True, slots=True)
class Loves:
    """How many members love a song."""

    members: int = 0
    """The members who love a clip of it, or several."""
    clips: tuple[int, ...] = (0,) * LOVABLE_CLIPS
    """Those of each clip that can be loved."""


UNLOVED = Loves()


@dataclass(frozen=True, slots=True)
class Song:
    """A finished song of a server."""

    request: Request
    loves: Loves

    @property
    def title(self) -> str | None:
        """Return the provider's title, if there is one."""
        return song_title(self.request)

    @property
    def duration_s(self) -> float | None:
        """Return the duration of the first clip in seconds, if known."""
        return self.request.clips[0].duration_s if self.request.clips else None

    @property
    def post(self) -> tuple[int, int] | None:
        """Return the channel and message id of its result; None if it was not posted in the server."""
        channel_id, message_id = self.request.result_channel_id, self.request.result_message_id
        own_channels = {self.request.address.channel_id, self.request.delivery_channel_id}
        if channel_id is None or message_id is None or channel_id not in own_channels:
            return None
        return channel_id, message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A member who views a server's songs."""

    guild_id: int
    user_id: int
    channel_ids: frozenset[int]
    """The channels that the member can see."""

    def can_see(self, request: Request) -> bool:
        """Return True for the member's own songs, and for songs in a channel that the member can see."""
        return request.user_id == self.user_id or result_channel_id(request) in self.channel_ids


def song_title(request: Request) -> str | None:
    """Return the title that the provider gave the song, if there is one."""
    return next((clip.title for clip in request.clips if clip.title), None)


def result_channel_id(request: Request) -> int:
    """Return the channel of the song's result, or else the one in which it was requested."""
    posted, asked = request.result_channel_id, request.address.channel_id
    return posted if posted is not None and posted == request.delivery_channel_id else asked


def require_available(request: Request | None, guild_id: int) -> Request:
    """Return the request if it is a finished song of the server.

    Raises:
        SongNotFoundError: there is no such request in the server.
        SongRemovedError: the song was removed.
        NotFinishedError: it is not finished, or failed.
    """
    if request is None or request.guild_id != guild_id:
        raise SongNotFoundError
    if request.removed_at is not None:
        raise SongRemovedError
    if request.state not in FINISHED:
        raise NotFinishedError
    return request
