"""Rate limit for opening direct-message channels, and a cache of the open ones."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

OPENINGS, WINDOW_S = 5, 10.0
"""New channels per window in seconds; Discord publishes no figure, and answers 40003 when it is exceeded."""
MAX_KEPT = 5_000


class DirectMessageLimiter:
    """Limiter for new direct-message channels; those that are already open are not limited."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[int, int] = OrderedDict()
        self._begun_s: deque[float] = deque(maxlen=OPENINGS)
        self._closed_until_s = 0.0

    def channel_id(self, user_id: int) -> int | None:
        """Return the id of the open channel with the user, or None."""
        return self._known.get(user_id)

    def wait_s(self) -> float:
        """Return the seconds until another channel may be opened; at 0, count one as opened now."""
        now_s = self._clock()
        free_s = self._begun_s[0] + WINDOW_S if len(self._begun_s) == OPENINGS else 0.0
        wait_s = max(free_s, self._closed_until_s) - now_s
        if wait_s > 0:
            return wait_s
        self._begun_s.append(now_s)
        return 0.0

    def opened(self, user_id: int, channel_id: int) -> None:
        """Remember the channel of a user."""
        self._known[user_id] = channel_id
        if len(self._known) > MAX_KEPT:
            self._known.popitem(last=False)

    def refused(self, retry_after_s: float | None) -> float:
        """Open no channel for as long as Discord says, or for one window; return the seconds."""
        pause_s = WINDOW_S if retry_after_s is None else retry_after_s
        self._closed_until_s = self._clock() + pause_s
        return pause_s
