"""The only code that changes a request's state: with its credits and outbox messages, in one unit of work.

Log lines name a request by the fields that are made here.
"""

from datetime import datetime
from typing import Unpack

from bot.domain.errors import StoreError
from bot.domain.leases import Lease
from bot.domain.requests import Failure, FailureKind, Request, State
from bot.domain.transitions import TRANSITIONS, Settlement, Transition
from bot.services.credits.holds import settle_hold
from bot.services.repositories.outbox import OF_AUDIT_ENTRY, MessageKind, OutboxMessage
from bot.services.repositories.requests import RequestChanges
from bot.services.unit_of_work import UnitOfWork, unit_of_work

CONCLUDING = frozenset({Transition.ACCEPT, Transition.REFUSE, Transition.MARK_UNCERTAIN})
"""The transitions that conclude a submission; each counts as a turn of the request's member and server."""

FAILING = frozenset({Transition.REFUSE, Transition.FAIL, Transition.EXPIRE})
"""The transitions that count as failures of the request's playlist."""


def apply_transition(
    uow: UnitOfWork,
    request: Request,
    transition: Transition,
    *,
    now: datetime,
    lease: Lease | None = None,
    **changes: Unpack[RequestChanges],
) -> Request:
    """Apply a transition: change the state, settle the credits and mark the outbox messages due.

    Returns the request as it is afterwards.

    Raises:
        ConflictError: another worker changed the request first; roll the unit of work back.
    """
    settlement = TRANSITIONS[transition].settlement
    if settlement is not Settlement.NONE:
        changes["ended_at"] = now
    updated = uow.requests.transition(request, transition, lease=lease, **changes)
    made = settlement is Settlement.POST
    if settlement is not Settlement.NONE:  # lock the member before the account, as placing does: no deadlock
        uow.members.remove_active_request(request.guild_id, request.user_id, forgive=made)
    # before the accounts, too: placing uses the playlist before it holds credits
    if made:
        uow.playlists.count_song(request.guild_id, request.spec.playlist_id)
    elif transition in FAILING and updated.failure is not None:
        kind = updated.failure.kind
        uow.playlists.count_failure(request.guild_id, request.spec.playlist_id, kind, now=now)
    if transition in CONCLUDING:
        uow.members.record_turn(request.guild_id, request.user_id, now=now)
    settle_hold(uow, updated, settlement, now)
    if request.state is State.AWAITING:
        uow.outbox.mark_due(request.id, MessageKind.APPROVAL, due_at=now)
    if made:
        uow.outbox.mark_due(request.id, MessageKind.RESULT, due_at=now)
    # `submitting` lasts a moment, and the next edit says what became of it
    elif transition is not Transition.CLAIM:
        uow.outbox.mark_due(request.id, MessageKind.STATUS, due_at=now)
    return updated


def get_request(uow: UnitOfWork, request_id: int) -> Request:
    """Return a request that must exist.

    Raises:
        StoreError: it is missing, which the database's foreign keys should prevent.
    """
    request = uow.requests.find(request_id)
    if request is None:
        raise StoreError(f"request {request_id} is missing from the database: run the audit")
    return request


@unit_of_work("approvals.expire")
def expire_approval(uow: UnitOfWork, request: Request, now: datetime) -> Request:
    """End a request that nobody decided on in time, and release its credits; return the request."""
    failure = Failure(FailureKind.UNDECIDED, "no moderator decided in time")
    return apply_transition(uow, request, Transition.EXPIRE_APPROVAL, now=now, failure=failure)


def log_context(request: Request, transition: Transition | None = None) -> dict[str, object]:
    """Return the request's ids and its state: the target state of the transition, if one is given."""
    return {
        "request": request.id,
        "guild": request.guild_id,
        "user": request.user_id,
        "state": (TRANSITIONS[transition].target if transition else request.state).value,
    }


def message_log_context(message: OutboxMessage) -> dict[str, object]:
    """Return the id of what the message is about."""
    names = dict.fromkeys(OF_AUDIT_ENTRY, "audit_entry")
    names |= {MessageKind.WELCOME: "guild", MessageKind.DIGEST: "guild"}
    return {names.get(message.kind, "request"): message.source_id}
