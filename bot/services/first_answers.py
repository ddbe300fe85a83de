"""What this process knows of the first answers to the commands that placed requests.

Two copies of the bot with one token and two databases both hear of a command, and both place a request.
Discord takes the answer of one of them: only that one may submit the request.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from bot.domain.requests import CANCEL_FROM, Move, State
from bot.services.moves import make_move
from bot.services.work import Work, unit_of_work

WAIT_S = 2.0
"""Seconds for which a submission waits for the answer at most; usually Discord has taken it by then."""
KEPT = 1_000
"""Of how many requests it is remembered that another copy answered."""


class FirstAnswers:
    """The answers that are being given, and those that another copy of the bot gave."""

    def __init__(self) -> None:
        self._open: dict[int, asyncio.Event] = {}
        self._elsewhere: OrderedDict[int, None] = OrderedDict()

    @contextmanager
    def expected(self, request_id: int) -> Iterator[None]:
        """Make the request's submission wait while this is entered."""
        given = self._open.setdefault(request_id, asyncio.Event())
        try:
            yield
        finally:
            self._open.pop(request_id, None)
            given.set()

    def given_elsewhere(self, request_id: int) -> None:
        """Remember that another copy of the bot has answered."""
        self._elsewhere[request_id] = None
        if len(self._elsewhere) > KEPT:
            self._elsewhere.popitem(last=False)

    async def is_own(self, request_id: int) -> bool:
        """Wait for the answer, but not for long; False if another copy has given it."""
        given = self._open.get(request_id)
        if given is not None:
            try:
                async with asyncio.timeout(WAIT_S):
                    await given.wait()
            except TimeoutError:
                pass
        return request_id not in self._elsewhere


@unit_of_work("requests.withdraw")
def withdraw(work: Work, request_id: int, now: datetime, *, is_unsent: bool = False) -> bool:
    """Cancel the request that another copy of the bot answered, and say nothing of it; True if in time.

    One that is `submitting` is only withdrawn by whoever knows that it was not sent.

    Raises:
        StaleError: somebody else moved it at the same moment.
    """
    request = work.requests.find(request_id)
    if request is not None and is_unsent and request.state is State.SUBMITTING:
        request = make_move(work, request, Move.PUT_BACK, now=now)
    move = CANCEL_FROM.get(request.state) if request is not None else None
    if request is None or move is None:
        return False
    make_move(work, request, move, now=now)
    work.notices.drop(request_id)
    return True
