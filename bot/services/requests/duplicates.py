"""The cancellation of a request whose command another copy of the bot has answered.

Two copies of the bot with one token and two databases both receive a command, and both place a request.
Discord accepts the answer of one of them, and only that one may submit the request. So a request stays
in the queue until its status message is known, or until it is certain that nobody has answered
(`QueueEntry.unconfirmed_until`).
"""

from datetime import datetime

from bot.domain.requests import State
from bot.domain.transitions import CANCEL_FROM
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import UnitOfWork, unit_of_work


@unit_of_work("requests.cancel_duplicate")
def cancel_duplicate(uow: UnitOfWork, request_id: int, now: datetime) -> bool:
    """Cancel a request that another copy of the bot answered, and drop its outbox messages.

    Returns False, and changes nothing, if its status message is known or it can no longer be cancelled.

    Raises:
        ConflictError: its state was changed at the same moment.
    """
    request = uow.requests.find(request_id)
    if request is None or request.address.message_id is not None:
        return False
    transition = CANCEL_FROM.get(request.state)
    if transition is not None:
        apply_transition(uow, request, transition, now=now)
    elif request.state is not State.CANCELLED:
        return False
    uow.outbox.drop(request_id)
    return True
