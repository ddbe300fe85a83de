"""Fair scheduling: the queue, the order in which its requests go to the provider, and members' backoff."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush, heapreplace
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.retry_policy import RetryPolicy

FREE_FAILURES = 1
"""Failed requests in a row without a backoff: a wrong link is quickly corrected."""
MEMBER_BACKOFF = RetryPolicy(first_s=30.0, max_s=3600.0)
"""The backoff after each further failure."""
FORGIVEN_AFTER = timedelta(days=1)
"""How long after its end a backoff still lengthens the next one."""
SNAPSHOT_TTL_S = 1.0
"""Seconds for which a snapshot of the queue is reused; status messages about changes are due after that."""
_FUTURE = 10**18
"""Microseconds since the epoch, later than any real turn."""
NOWHERE: Mapping[int, Collection[int]] = MappingProxyType({})
"""Nobody has requests running in another server."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a server's moderators have paused its songs, and for how long."""

    reason: str
    """In their own words."""
    until: datetime | None = None
    """None: until they resume songs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """One queued request, with the facts about its member and server that decide its position."""

    request_id: int
    guild_id: int
    user_id: int
    model: str = ""
    member_active: int = 1
    """The member's queued and running requests in that server, this one included."""
    member_turn_at: datetime | None = None
    """When the member last had a turn in that server."""
    guild_turn_at: datetime | None = None
    """When the server last had a turn."""
    backoff_until: datetime | None = None
    """The end of the member's last backoff; it may be in the past."""
    unconfirmed_until: datetime | None = None
    """Until when it stays queued because it is unknown who answered its command; None: that is known."""
    moved_at: datetime | None = None
    """When a moderator last moved it to the front of its server; None: never."""

    def may_go(self, now: datetime) -> bool:
        """Tell whether it may be submitted when its turn comes."""
        # Once Discord accepts no answer any more, the request is submitted: a song is better than nothing.
        return self.unconfirmed_until is None or self.unconfirmed_until <= now


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
    paused: Mapping[int, Pause] = field(default_factory=dict)
    """The pauses that are in force, by server id."""
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


def fair_order(
    waiting: Sequence[QueueEntry],
    running: Mapping[int, int],
    running_in: Mapping[int, Collection[int]] = NOWHERE,
) -> list[QueueEntry]:
    """Return the queued requests in the order in which they will be submitted.

    `waiting` is the whole queue, oldest first; `running` counts the requests at the provider by server, and
    `running_in` has the servers in which members of the queue have some, by user id.

    Members with requests running in another server come after all others. Of equals, a turn goes to the
    server with the fewest running requests, of those to the one whose last turn is longest ago; then to its
    member by the same rule; then to the oldest request. So nobody gains by requesting more often or in more
    servers, even if the provider runs one task at a time.

    A request that was moved to the front takes a turn of its server, unless its member has requests running
    in another one and somebody else there does not. Which server has a turn does not depend on it.
    """
    queue = _Turns(waiting, running_in)
    guilds = [
        (heap[0].elsewhere, running.get(guild, 0), queue.last_of[guild], heap[0], guild)
        for guild, heap in queue.members.items()
    ]
    heapify(guilds)
    order: list[QueueEntry] = []
    while guilds:
        _, count, turn, member, guild = heappop(guilds)
        heap = queue.members[guild]
        if not member.elsewhere and queue.is_elsewhere(member.user, guild):
            # It happens once for each member and server, so that the cost stays that of a sort.
            heapreplace(heap, member._replace(elsewhere=True))
            heappush(guilds, (heap[0].elsewhere, count, turn, heap[0], guild))
            continue
        now = _FUTURE + len(order)
        order.append(queue.take(guild, now))
        if heap:
            heappush(guilds, (heap[0].elsewhere, count + 1, now, heap[0], guild))
    return order


class _MemberTurn(NamedTuple):
    """The key by which the members of one server take turns; it only ever grows."""

    elsewhere: bool
    """Whether the member is known to have requests running in another server."""
    running: int
    last_turn: int
    age: int
    user: int


_Aged: TypeAlias = tuple[int, QueueEntry]
"""A request with its place among all, by age."""


class _Turns:
    """The turns that the members of each server still take."""

    def __init__(self, waiting: Sequence[QueueEntry], running_in: Mapping[int, Collection[int]]) -> None:
        self._queues: dict[tuple[int, int], deque[_Aged]] = {}
        self._moved: dict[int, list[_Aged]] = {}
        self.members: dict[int, list[_MemberTurn]] = {}
        """Each server's heap of members."""
        self.last_of: dict[int, int] = {}
        """Each server's last turn."""
        for age, entry in enumerate(waiting):
            self._queues.setdefault((entry.guild_id, entry.user_id), deque()).append((age, entry))
            if entry.moved_at is not None:
                self._moved.setdefault(entry.guild_id, []).append((age, entry))
        for moved in self._moved.values():
            moved.sort(key=lambda one: (-_rank(one[1].moved_at), one[0]))
        for (guild, user), queue in self._queues.items():
            age, entry = queue[0]
            # With one slot at the provider, "fewest running" decides nothing: without the last turn, a member
            # with many requests would go first every time.
            own = entry.member_active - len(queue)
            turn = _rank(entry.member_turn_at)
            key = _MemberTurn(elsewhere=False, running=own, last_turn=turn, age=age, user=user)
            heappush(self.members.setdefault(guild, []), key)
            self.last_of[guild] = _rank(entry.guild_turn_at)
        self._places = {user: set(running_in.get(user, ())) for _, user in self._queues}

    def is_elsewhere(self, user: int, guild: int) -> bool:
        """Return True if the member has, or will have, requests running in another server."""
        return len(self._places[user]) > (guild in self._places[user])

    def take(self, guild: int, now: int) -> QueueEntry:
        """Remove and return the request that goes next in a server, whose turn is `now`."""
        heap, moved = self.members[guild], self._moved.get(guild, [])
        first = next((one for one in moved if self._may_go_first(one[1], heap[0])), None)
        if first is None:
            member = heappop(heap)
            first = self._queues[guild, member.user][0]
        else:
            moved.remove(first)
            member = _remove(heap, first[1].user_id)
        queue = self._queues[guild, member.user]
        queue.remove(first)
        self._places[member.user].add(guild)
        if queue:
            heappush(heap, member._replace(running=member.running + 1, last_turn=now, age=queue[0][0]))
        return first[1]

    def _may_go_first(self, entry: QueueEntry, member: _MemberTurn) -> bool:
        """Tell whether a request that was moved to the front goes before the member whose turn it is."""
        return member.elsewhere or not self.is_elsewhere(entry.user_id, entry.guild_id)


def _remove(heap: list[_MemberTurn], user: int) -> _MemberTurn:
    """Remove a member from the heap and return the key; it costs more than a turn, but few are moved."""
    key = next(member for member in heap if member.user == user)
    heap.remove(key)
    heapify(heap)
    return key


def backoff_end(backoff_until: datetime | None, now: datetime) -> datetime | None:
    """Return the end of a backoff that is in force, or None. An end too far ahead means a wrong clock."""
    if backoff_until is None or not now < backoff_until <= now + timedelta(seconds=MEMBER_BACKOFF.max_s):
        return None
    return backoff_until


def estimated_finish_times(usual_s: Sequence[float], opens_at: Sequence[datetime]) -> list[datetime]:
    """Return the estimated finish time of each queued request, in the queue's order.

    `usual_s` has each request's usual duration in seconds, `opens_at` the time at which each slot of the
    provider becomes free. There is at least one slot unless the queue is empty.
    """
    slots = list(opens_at)
    heapify(slots)
    ends: list[datetime] = []
    for took_s in usual_s:
        ends.append(slots[0] + timedelta(seconds=took_s))
        heapreplace(slots, ends[-1])
    return ends


def position_bucket(position: int) -> int:
    """Return a position's bucket, by powers of two: it changes from 9 to 8, 5 to 4, 3 to 2 and 2 to 1."""
    return (position - 1).bit_length()


def _rank(at: datetime | None) -> int:
    """Return the rank of a turn: later turns have higher ranks, and no turn has the lowest."""
    return -1 if at is None else int(at.timestamp() * 1_000_000)
