"""The one place where a request moves: its state, its credits and the notice go together or not at all."""

from datetime import datetime
from typing import Unpack

from bot.domain.errors import StoreError
from bot.domain.requests import Request, State
from bot.domain.transitions import TRANSITIONS, Settlement, Transition
from bot.services.repositories.outbox import MessageKind
from bot.services.repositories.requests import RequestChanges
from bot.services.runtime.lease import Lease
from bot.services.unit_of_work import UnitOfWork

CONCLUDING = frozenset({Transition.ACCEPT, Transition.REFUSE, Transition.MARK_UNCERTAIN})
"""The moves that end a submission, each of which is its member's turn."""


def apply_transition(
    uow: UnitOfWork,
    request: Request,
    transition: Transition,
    *,
    now: datetime,
    lease: Lease | None = None,
    **changes: Unpack[RequestChanges],
) -> Request:
    """The request after the move, with its credits settled and its notice written.

    Raises:
        StaleError: somebody else moved it first; the unit of work must not go on.
    """
    settlement = TRANSITIONS[transition].settlement
    if settlement is not Settlement.NONE:
        changes["ended_at"] = now
    moved = uow.requests.transition(request, transition, lease=lease, **changes)
    if settlement is not Settlement.NONE:  # first the member, then the account, as in placing: no deadlock
        made = settlement is Settlement.POST
        uow.members.release_slot(request.guild_id, request.user_id, forgive=made)
    if transition in CONCLUDING:
        uow.members.record_turn(request.guild_id, request.user_id, now=now)
    if settlement is Settlement.POST:
        uow.ledger.post(request.id, now=now)
    elif settlement is Settlement.VOID:
        uow.ledger.void(request.id, now=now)
    if request.state is State.AWAITING:
        uow.outbox.mark_due(request.id, MessageKind.APPROVAL, due_at=now)
    if transition is Transition.FINISH:
        uow.outbox.mark_due(request.id, MessageKind.RESULT, due_at=now)
    # `submitting` lasts a moment, and the next edit says what became of it
    elif transition is not Transition.CLAIM:
        uow.outbox.mark_due(request.id, MessageKind.STATUS, due_at=now)
    return moved


def get_request(uow: UnitOfWork, request_id: int) -> Request:
    """The request that somebody has in hand.

    Raises:
        StoreError: there is none, though the database should not allow that.
    """
    request = uow.requests.find(request_id)
    if request is None:
        raise StoreError(f"request {request_id} is missing from the database: run the audit")
    return request
