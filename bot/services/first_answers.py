"""A request whose command another copy of the bot has answered.

Two copies of the bot with one token and two databases both hear of a command, and both place a request.
Discord takes the answer of one of them: only that one may submit the request. So a request stays in the line
until its status message is known, or until surely nobody has answered (`Place.unconfirmed_until`).
"""

from datetime import datetime

from bot.domain.requests import CANCEL_FROM, State
from bot.services.moves import make_move
from bot.services.work import Work, unit_of_work


@unit_of_work("requests.withdraw")
def withdraw(work: Work, request_id: int, now: datetime) -> bool:
    """Cancel the request that another copy of the bot answered, and say nothing of it; True if in time.

    Raises:
        StaleError: somebody else moved it at the same moment.
    """
    request = work.requests.find(request_id)
    if request is None or request.address.message_id is not None:
        return False
    move = CANCEL_FROM.get(request.state)
    if move is not None:
        make_move(work, request, move, now=now)
    elif request.state is not State.CANCELLED:
        return False
    work.notices.drop(request_id)
    return True
