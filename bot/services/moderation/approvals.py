"""The service with which moderators, and members with the role for it, decide about requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.audit import Action
from bot.domain.errors import RequestNotFoundError
from bot.domain.moderator_errors import DecidedError, NoneAwaitingError, NotDeciderError, ReasonHiddenError
from bot.domain.requests import BY_MODERATORS, MAX_ID, Failure, FailureKind, Request, State
from bot.domain.transitions import Transition
from bot.services.audit_log import Actor, check_reason, record_action, run_action
from bot.services.pagination import Page, fetch_page
from bot.services.ports import Clock
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

PAGE = 4
"""The requests on one page of those that await approval: each has a row of buttons."""
MAX_AT_ONCE = 25
"""The most requests of a member that are approved at once."""


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A request that awaits approval."""

    request: Request
    playlist_name: str | None
    """The name under which the server has saved the playlist."""
    of_member: int
    """How many requests of its member await approval, with this one."""


class Approvals:
    """The decisions about requests; who decides is checked each time, in the same unit of work."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def check(self, actor: Actor) -> None:
        """Do nothing if the actor can decide now.

        Raises:
            NotDeciderError: they cannot.
        """
        if not actor.is_moderator:
            await self._store.read(_check_decider, actor)

    async def pending(self, actor: Actor, number: int) -> Page[PendingRequest]:
        """Return a page of the server's requests that await approval, oldest first.

        Raises:
            NotDeciderError: the actor cannot decide.
        """
        return await self._store.read(_pending, actor, number)

    async def reason(self, actor: Actor, request_id: int) -> str:
        """Return why a moderator ended a request, for its member and for those who can decide.

        Raises:
            RequestNotFoundError: the server has no such request.
            ReasonHiddenError: the actor is somebody else, or the reason is no longer stored.
        """
        return await self._store.read(_reason, actor, request_id)

    async def approve(self, actor: Actor, request_id: int) -> Request:
        """Approve a request, which is queued; return it.

        Raises:
            NotDeciderError: the actor cannot decide.
            RequestNotFoundError: the server has no such request.
            DecidedError: the request does not await approval any more.
        """
        return await self._decide(actor, request_id, Action.APPROVE, None)

    async def approve_all(self, actor: Actor, user_id: int) -> int:
        """Approve the oldest requests of a member, `MAX_AT_ONCE` at most; return how many.

        Raises:
            NotDeciderError: the actor cannot decide.
            NoneAwaitingError: none of the member's requests awaits approval any more.
        """
        return await run_action(self._store, _approve_all, actor, user_id, self._clock())

    async def decline(self, actor: Actor, request_id: int, *, reason: str) -> Request:
        """Decline a request, release its credits and show the member the reason; return the request.

        Raises:
            NotDeciderError, RequestNotFoundError, DecidedError: as with `approve`.
            ReasonError: the reason is empty or too long; nothing was changed.
        """
        return await self._decide(actor, request_id, Action.DECLINE, check_reason(reason))

    async def _decide(self, actor: Actor, request_id: int, action: Action, reason: str | None) -> Request:
        if request_id > MAX_ID:
            raise RequestNotFoundError
        return await run_action(self._store, _decide, actor, request_id, action, reason, self._clock())


def _check_decider(uow: UnitOfWork, actor: Actor) -> None:
    if actor.is_moderator:
        return
    role_id = uow.guilds.settings(actor.guild_id).approval.decider_role_id
    if role_id is None or role_id not in actor.role_ids:
        raise NotDeciderError(role_id)


def _reason(uow: UnitOfWork, actor: Actor, request_id: int) -> str:
    request = uow.requests.find(request_id) if request_id <= MAX_ID else None
    if request is None or request.guild_id != actor.guild_id:
        raise RequestNotFoundError
    failure = request.failure
    if request.user_id != actor.actor_id:
        try:
            _check_decider(uow, actor)
        except NotDeciderError as error:
            raise ReasonHiddenError from error
    if failure is None or failure.kind not in BY_MODERATORS or not failure.detail:
        raise ReasonHiddenError
    return failure.detail


def _pending(uow: UnitOfWork, actor: Actor, number: int) -> Page[PendingRequest]:
    _check_decider(uow, actor)
    total = uow.requests.per_guild(State.AWAITING).get(actor.guild_id, 0)

    def pending(request: Request) -> PendingRequest:
        name = uow.playlists.name_of(actor.guild_id, request.spec.playlist_id)
        return PendingRequest(request, name, len(_awaiting_of(uow, actor, request.user_id)))

    def fetch(size: int, start: int) -> list[PendingRequest]:
        first = uow.requests.of_guild(actor.guild_id, State.AWAITING, limit=start + size)
        return [pending(request) for request in first[start:]]

    return fetch_page(total, number, size=PAGE, fetch=fetch)


def _awaiting_of(uow: UnitOfWork, actor: Actor, user_id: int) -> Sequence[Request]:
    """Return a member's requests that await approval, oldest first."""
    active = uow.requests.active_of(actor.guild_id, user_id)
    return [request for request in active if request.state is State.AWAITING]


@unit_of_work("approvals.decide")
def _decide(
    uow: UnitOfWork, actor: Actor, request_id: int, action: Action, reason: str | None, now: datetime
) -> Request:
    _check_decider(uow, actor)
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


@unit_of_work("approvals.approve_all")
def _approve_all(uow: UnitOfWork, actor: Actor, user_id: int, now: datetime) -> int:
    _check_decider(uow, actor)
    known = uow.audit_log.find(actor.interaction_id)
    if known is not None:  # a repeat of the press, which was carried out
        return len(str(known.after["request"]).split())
    awaiting = _awaiting_of(uow, actor, user_id)[:MAX_AT_ONCE]
    if not awaiting:
        raise NoneAwaitingError
    # one entry for the press; its ids are separated by blanks
    facts = " ".join(str(request.id) for request in awaiting)
    record_action(uow, actor, Action.APPROVE, subject_id=user_id, after={"request": facts}, now=now)
    for request in awaiting:
        apply_transition(uow, request, Transition.APPROVE, now=now)
    return len(awaiting)
