"""The persistence port of requests."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol, TypedDict, Unpack

from bot.domain.leases import Lease
from bot.domain.provider_tasks import Clip, TaskProgress
from bot.domain.requests import Failure, NewRequest, ReplyAddress, Request, State
from bot.domain.scheduling import QueueEntry
from bot.domain.spending import Spending
from bot.domain.transitions import Transition


class RequestChanges(TypedDict, total=False):
    """The fields that a transition writes besides the state."""

    task_id: str
    accepted_at: datetime
    ended_at: datetime
    progress: TaskProgress
    clips: tuple[Clip, ...]
    partial: bool
    failure: Failure
    result_channel_id: int
    result_message_id: int
    removed_at: datetime
    next_at: datetime | None
    """When a worker has to handle the request next."""


class Requests(Protocol):
    """The song requests."""

    def add(self, new: NewRequest) -> Request:
        """Add a request, waiting or awaiting approval; its id must be new."""
        ...

    def find(self, request_id: int) -> Request | None:
        """Return the request as it is now."""
        ...

    def transition(
        self,
        request: Request,
        transition: Transition,
        *,
        lease: Lease | None = None,
        **changes: Unpack[RequestChanges],
    ) -> Request:
        """Apply a transition of `TRANSITIONS`; return the request as it is then, leased if `lease` is given.

        Raises:
            ConflictError: its state or version is no longer that of `request`; nothing was changed.
        """
        ...

    def save_progress(self, request: Request, *, progress: TaskProgress, next_at: datetime) -> Request:
        """Store a task's progress, release the lease and poll again at `next_at`; return the request.

        Raises:
            ConflictError: its state or version is no longer that of `request`; nothing was changed.
        """
        ...

    def set_address(self, request_id: int, address: ReplyAddress) -> None:
        """Store where the status message is; the version stays, so no worker meets a conflict."""
        ...

    def set_approval(self, request_id: int, channel_id: int, message_id: int | None) -> None:
        """Store where the approval message is, None: it could not be posted there; the version stays."""
        ...

    def move_to_front(self, request_id: int, *, now: datetime) -> None:
        """Move a waiting request before all others of its server; the version stays."""
        ...

    def active_of(self, guild_id: int, user_id: int) -> list[Request]:
        """Return a member's requests that hold credits, oldest first."""
        ...

    def has_ordered(self, guild_id: int, user_id: int, *, since: datetime) -> bool:
        """Return True if the member placed a request after `since`; requests of late tasks don't count."""
        ...

    def lock_queue(self) -> None:
        """Lock the queue until this unit of work ends: no other process claims requests from it."""
        ...

    def count(self, *states: State) -> int:
        """Return how many requests are in one of these states."""
        ...

    def count_waiting(self, guild_id: int) -> int:
        """Return how many requests of the server wait, in the queue or for approval."""
        ...

    def waiting(self) -> list[QueueEntry]:
        """Return all waiting requests, oldest first."""
        ...

    def running(self) -> Mapping[int, int]:
        """Return how many of the provider's slots each server takes; servers without any are left out."""
        ...

    def running_in(self) -> Mapping[int, Collection[int]]:
        """Return the servers in which members of the queue have requests at the provider, by user id."""
        ...

    def running_since(self) -> list[tuple[str, datetime | None]]:
        """Return (model, accepted at) of each request at the provider; None until it is accepted."""
        ...

    def per_guild(self, *states: State) -> Mapping[int, int]:
        """Return how many of each server's requests are in these states; servers without any are left out.

        They are states in which a request holds credits, as for `of_guild`: few requests do.
        """
        ...

    def on_hold(self, *, since: datetime) -> Mapping[int, Spending]:
        """Return what the pending requests of each server hold that were placed from `since` on.

        Servers without any are left out.
        """
        ...

    def of_guild(self, guild_id: int, *states: State, limit: int) -> list[Request]:
        """Return at most `limit` of a server's requests in these states, oldest first."""
        ...

    def used_since(self, since: datetime) -> int:
        """Return the credits that the requests of all servers used from `since` on."""
        ...

    def claim_due(self, *, now: datetime, lease: Lease, limit: int) -> list[Request]:
        """Lease and return at most `limit` due requests that are not leased, longest due first."""
        ...

    def next_due_at(self) -> datetime | None:
        """Return when the next request that is not leased is due."""
        ...
