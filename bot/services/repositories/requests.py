"""TODO."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, TypedDict, Unpack

from bot.domain.provider_tasks import Clip, TaskProgress
from bot.domain.requests import Failure, NewRequest, ReplyAddress, Request, State
from bot.domain.scheduling import QueueEntry
from bot.domain.transitions import Transition
from bot.services.runtime.lease import Lease


class RequestChanges(TypedDict, total=False):
    """What else a move writes to its request."""

    task_id: str
    accepted_at: datetime
    ended_at: datetime
    watch: TaskProgress
    clips: tuple[Clip, ...]
    partial: bool
    failure: Failure
    result_channel_id: int
    result_message_id: int
    removed_at: datetime
    next_at: datetime | None
    """When a worker has to look at the request again."""


class Requests(Protocol):
    """The requests, as one unit of work sees them."""

    def add(self, new: NewRequest) -> Request:
        """Place a request, in state waiting, or awaiting approval; its id must be new."""
        ...

    def find(self, request_id: int) -> Request | None:
        """The request as it stands now."""
        ...

    def transition(
        self,
        request: Request,
        transition: Transition,
        *,
        lease: Lease | None = None,
        **changes: Unpack[RequestChanges],
    ) -> Request:
        """Make a move of the table `MOVES` and give the request as it is then, leased or free.

        Raises:
            StaleError: its state or version is no longer that of `request`; nothing was changed.
        """
        ...

    def save_progress(self, request: Request, *, progress: TaskProgress, next_at: datetime) -> Request:
        """Keep what was learned of a task, give up the lease, and look again at `next_at`.

        Raises:
            StaleError: its state or version is no longer that of `request`; nothing was changed.
        """
        ...

    def set_address(self, request_id: int, address: ReplyAddress) -> None:
        """Keep where the status message is; no worker is disturbed by it (the version stays)."""
        ...

    def set_approval(self, request_id: int, channel_id: int, message_id: int | None) -> None:
        """Keep where moderators decide on it, None: it could not be posted there; the version stays."""
        ...

    def active_of(self, guild_id: int, user_id: int) -> list[Request]:
        """A member's requests that hold credits, oldest first."""
        ...

    def has_ordered(self, guild_id: int, user_id: int, *, since: datetime) -> bool:
        """Tell whether the member placed a request after that; songs that went on late don't count."""
        ...

    def lock_queue(self) -> None:
        """No other process takes requests from the line until this unit of work ends."""
        ...

    def count(self, *states: State) -> int:
        """How many requests are in one of these states."""
        ...

    def waiting(self) -> list[QueueEntry]:
        """All requests that wait, oldest first."""
        ...

    def running(self) -> Mapping[int, int]:
        """How many of the provider's places each server takes, of those that take any."""
        ...

    def running_since(self) -> list[tuple[str, datetime | None]]:
        """The models of the requests with the provider, and since when it has each; None until it says so."""
        ...

    def per_guild(self, *states: State) -> Mapping[int, int]:
        """How many of each server's requests are in one of these states; servers without any are left out."""
        ...

    def of_guild(self, guild_id: int, *states: State, limit: int) -> list[Request]:
        """At most `limit` of a server's requests in these states, oldest first."""
        ...

    def claim_due(self, *, now: datetime, lease: Lease, limit: int) -> list[Request]:
        """At most `limit` requests that are due and in nobody's hand, now leased; longest due first."""
        ...

    def next_due_at(self) -> datetime | None:
        """When the next request that nobody has in hand comes due."""
        ...
