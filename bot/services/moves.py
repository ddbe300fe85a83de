"""The one place where a request moves: its state, its credits and the notice go together or not at all."""

from datetime import datetime
from typing import Unpack

from bot.domain.errors import StoreError
from bot.domain.requests import MOVES, Move, Request, Settlement, State
from bot.services.lease import Lease
from bot.services.outbox import NoticeKind
from bot.services.work import Changes, Work

CONCLUDES = frozenset({Move.ACCEPT, Move.REFUSE, Move.DOUBT})
"""The moves that end a submission, each of which is its member's turn."""


def make_move(
    work: Work,
    request: Request,
    move: Move,
    *,
    now: datetime,
    lease: Lease | None = None,
    **changes: Unpack[Changes],
) -> Request:
    """The request after the move, with its credits settled and its notice written.

    Raises:
        StaleError: somebody else moved it first; the unit of work must not go on.
    """
    settlement = MOVES[move].settlement
    if settlement is not Settlement.NONE:
        changes["ended_at"] = now
    moved = work.requests.move(request, move, lease=lease, **changes)
    if settlement is not Settlement.NONE:  # first the member, then the account, as in placing: no deadlock
        made = settlement is Settlement.POST
        work.members.free_slot(request.guild_id, request.user_id, forgive=made)
    if move in CONCLUDES:
        work.members.had_turn(request.guild_id, request.user_id, now=now)
    if settlement is Settlement.POST:
        work.ledger.post(request.id, now=now)
    elif settlement is Settlement.VOID:
        work.ledger.void(request.id, now=now)
    if request.state is State.AWAITING:
        work.notices.touch(request.id, NoticeKind.APPROVAL, due_at=now)
    if move is Move.FINISH:
        work.notices.touch(request.id, NoticeKind.RESULT, due_at=now)
    elif move is not Move.TAKE:
        work.notices.touch(request.id, NoticeKind.STATUS, due_at=now)
    return moved


def existing(work: Work, request_id: int) -> Request:
    """The request that somebody has in hand.

    Raises:
        StoreError: there is none, though the database should not allow that.
    """
    request = work.requests.find(request_id)
    if request is None:
        raise StoreError(f"request {request_id} is missing from the database: run the audit")
    return request
