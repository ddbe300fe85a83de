"""Whose turn it is: the order in which waiting requests go to the provider."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush, heapreplace

FREE_FAILURES = 1
"""So many requests in a row may come to nothing without a wait: a wrong link is soon mended."""
FIRST_BACKOFF_S = 30.0
"""Seconds that a member waits after the next one; doubled each time."""
LONGEST_BACKOFF_S = 3600.0
FORGIVEN_AFTER = timedelta(days=1)
"""How long after its end a backoff still makes the next one longer."""
_FUTURE = 10**18
"""Microseconds since the epoch, later than any turn that was really had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """One request in the line, and what is known of whose it is."""

    request_id: int
    guild_id: int
    user_id: int
    model: str = ""
    member_active: int = 1
    """How many requests the member has there, in the line and with the provider; at least this one."""
    member_turn_at: datetime | None = None
    """When the member last had a turn there."""
    guild_turn_at: datetime | None = None
    """When the server last had a turn."""
    backoff_until: datetime | None = None
    """Until when the member's requests are held back, or were."""
    unconfirmed_until: datetime | None = None
    """Until when it stays in the line, because nobody knows who answered its command; None: that is known."""

    def may_go(self, now: datetime) -> bool:
        """Return whether it may leave the line when its turn comes."""
        # Once Discord takes no answer any more, the request goes on: a song is better than nothing.
        return self.unconfirmed_until is None or self.unconfirmed_until <= now


def fair_order(waiting: Sequence[QueueEntry], running: Mapping[int, int]) -> list[QueueEntry]:
    """The waiting requests, oldest first, in the order in which they will be taken.

    `waiting` is the whole line, and `running` how many of each server's requests the provider has.

    A turn goes to the server with the fewest running, of those to the one whose last turn is longest ago;
    then to its member by the same rule; then to the oldest request. So nobody gains by asking more often,
    also where the provider runs one task at a time.
    """
    queues: dict[tuple[int, int], deque[tuple[int, QueueEntry]]] = {}
    for age, place in enumerate(waiting):
        queues.setdefault((place.guild_id, place.user_id), deque()).append((age, place))
    members: dict[int, list[tuple[int, int, int, int]]] = {}  # heaps of (running, last turn, age, user)
    turn_of: dict[int, int] = {}
    for (guild, user), queue in queues.items():
        age, place = queue[0]
        # With one slot at the provider, "fewest running" decides nothing: without the last turn, a member
        # with many requests would go first every time.
        key = (place.member_active - len(queue), _rank(place.member_turn_at), age, user)
        heappush(members.setdefault(guild, []), key)
        turn_of[guild] = _rank(place.guild_turn_at)
    guilds = [(running.get(guild, 0), turn_of[guild], heap[0], guild) for guild, heap in members.items()]
    heapify(guilds)
    order: list[QueueEntry] = []
    while guilds:
        count, _, (own_count, _, _, user), guild = heappop(guilds)
        heap, queue = members[guild], queues[guild, user]
        heappop(heap)
        order.append(queue.popleft()[1])
        now = _FUTURE + len(order)
        if queue:
            heappush(heap, (own_count + 1, now, queue[0][0], user))
        if heap:
            heappush(guilds, (count + 1, now, heap[0], guild))
    return order


def backoff_s(failures: int, *, first_s: float = FIRST_BACKOFF_S) -> float:
    """Return the seconds that a member has to wait after so many requests in a row that came to nothing."""
    if failures <= FREE_FAILURES:
        return 0.0
    doubled = min(failures - FREE_FAILURES - 1, 16)
    return min(first_s * 2.0**doubled, LONGEST_BACKOFF_S)


def backoff_end(backoff_until: datetime | None, now: datetime) -> datetime | None:
    """Return the end of a backoff that is in force; one farther ahead than the longest is a wrong clock's."""
    if backoff_until is None or not now < backoff_until <= now + timedelta(seconds=LONGEST_BACKOFF_S):
        return None
    return backoff_until


def estimated_finish_times(usual_s: Sequence[float], opens_at: Sequence[datetime]) -> list[datetime]:
    """When each request of a line will probably be finished, in the line's order.

    `usual_s` is how many seconds each of them usually takes, and `opens_at` when each of the provider's
    places comes free; there is at least one where anybody waits.
    """
    slots = list(opens_at)
    heapify(slots)
    ends: list[datetime] = []
    for took_s in usual_s:
        ends.append(slots[0] + timedelta(seconds=took_s))
        heapreplace(slots, ends[-1])
    return ends


def _rank(at: datetime | None) -> int:
    """Later turns have higher ranks; none at all has the lowest."""
    return -1 if at is None else int(at.timestamp() * 1_000_000)
