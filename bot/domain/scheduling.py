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
    """
    queues, members, turn_of = _by_member(waiting)
    places = {user: set(running_in.get(user, ())) for _, user in queues}
    guilds = [
        (heap[0].elsewhere, running.get(guild, 0), turn_of[guild], heap[0], guild)
        for guild, heap in members.items()
    ]
    heapify(guilds)
    order: list[QueueEntry] = []
    while guilds:
        _, count, turn, member, guild = heappop(guilds)
        heap, queue, taken_in = members[guild], queues[guild, member.user], places[member.user]
        if not member.elsewhere and len(taken_in) > (guild in taken_in):
            # It happens once for each member and server, so that the cost stays that of a sort.
            heapreplace(heap, member._replace(elsewhere=True))
            heappush(guilds, (heap[0].elsewhere, count, turn, heap[0], guild))
            continue
        heappop(heap)
        order.append(queue.popleft()[1])
        taken_in.add(guild)
        now = _FUTURE + len(order)
        if queue:
            heappush(heap, member._replace(running=member.running + 1, last_turn=now, age=queue[0][0]))
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


_Queues: TypeAlias = dict[tuple[int, int], deque[tuple[int, QueueEntry]]]


def _by_member(
    waiting: Sequence[QueueEntry],
) -> tuple[_Queues, dict[int, list[_MemberTurn]], dict[int, int]]:
    """Return each member's queue with ages, each server's heap of members, and its last turn."""
    queues: _Queues = {}
    for age, entry in enumerate(waiting):
        queues.setdefault((entry.guild_id, entry.user_id), deque()).append((age, entry))
    members: dict[int, list[_MemberTurn]] = {}
    turn_of: dict[int, int] = {}
    for (guild, user), queue in queues.items():
        age, entry = queue[0]
        # With one slot at the provider, "fewest running" decides nothing: without the last turn, a member
        # with many requests would go first every time.
        own = entry.member_active - len(queue)
        key = _MemberTurn(
            elsewhere=False, running=own, last_turn=_rank(entry.member_turn_at), age=age, user=user
        )
        heappush(members.setdefault(guild, []), key)
        turn_of[guild] = _rank(entry.guild_turn_at)
    return queues, members, turn_of


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
