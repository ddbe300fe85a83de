"""The moderators' service for approving and declining requests."""

from datetime import datetime

from bot.domain.audit import Action
from bot.domain.errors import RequestNotFoundError
from bot.domain.moderator_errors import DecidedError
from bot.domain.requests import MAX_ID, Failure, FailureKind, Request, State
from bot.domain.transitions import Transition
from bot.services.audit_log import Actor, check_reason, record_action, run_action
from bot.services.ports import Clock
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work


class Approvals:
    """The moderators' decisions about single requests."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def approve(self, actor: Actor, request_id: int) -> Request:
        """Approve a request, which is queued; return it.

        Raises:
            RequestNotFoundError: the server has no such request.
            DecidedError: the request does not await approval any more.
        """
        return await self._decide(actor, request_id, Action.APPROVE, None)

    async def decline(self, actor: Actor, request_id: int, *, reason: str) -> Request:
        """Decline a request, release its credits and show the member the reason; return the request.

        Raises:
            RequestNotFoundError, DecidedError: as with `approve`.
            ReasonError: the reason is empty or too long; nothing was changed.
        """
        return await self._decide(actor, request_id, Action.DECLINE, check_reason(reason))

    async def _decide(self, actor: Actor, request_id: int, action: Action, reason: str | None) -> Request:
        if request_id > MAX_ID:
            raise RequestNotFoundError
        return await run_action(self._store, _decide, actor, request_id, action, reason, self._clock())


@unit_of_work("approvals.decide")
def _decide(
    uow: UnitOfWork, actor: Actor, request_id: int, action: Action, reason: str | None, now: datetime
) -> Request:
    request = uow.requests.find(request_id)
    if request is None or request.guild_id != actor.guild_id:
        raise RequestNotFoundError
    decided = record_action(
        uow,
        actor,
        action,
        subject_id=request.user_id,
        after={"request": str(request.id)},
        reason=reason,
        now=now,
    )
    if not decided:
        return request
    if request.state is not State.AWAITING:
        raise DecidedError(request.state)
    if action is Action.APPROVE:
        return apply_transition(uow, request, Transition.APPROVE, now=now)
    failure = Failure(FailureKind.MODERATOR, reason or "")
    return apply_transition(uow, request, Transition.DECLINE, now=now, failure=failure)
