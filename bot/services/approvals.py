"""Requests that moderators approve first: what they are shown, and what they decide."""

import logging
from dataclasses import dataclass
from datetime import datetime

from bot.domain.changes import Action
from bot.domain.errors import (
    MessageGoneError,
    NoAccessError,
    RequestNotFoundError,
    TryLaterError,
    UnsendableError,
)
from bot.domain.moderator_errors import DecidedError
from bot.domain.requests import Failure, FailureKind, Move, Request, State
from bot.services.cards import ApprovalCard
from bot.services.decisions import By, decide, made
from bot.services.facts import facts_of
from bot.services.lease import lease_until
from bot.services.message_forms import send_plainest
from bot.services.moderation import check_reason
from bot.services.moves import existing, make_move
from bot.services.outbox import Notice, NoticeKind
from bot.services.placing import APPROVAL_LIFE
from bot.services.ports import Announcer, Clock, Posted
from bot.services.songs import LARGEST_ID
from bot.services.timings import LeaseTimings
from bot.services.work import Store, Work, unit_of_work

log = logging.getLogger(__name__)

DECISIONS_LOOKED_AT = 50
"""How many of a member's last decisions are looked through for the one about a request."""


class Approvals:
    """Moderators' decisions about single requests."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def approve(self, by: By, request_id: int) -> Request:
        """The request stands in line.

        Raises:
            RequestNotFoundError: there is no such request in this server.
            DecidedError: it does not wait for a moderator any more.
        """
        return await self._decide(by, request_id, Action.APPROVE, None)

    async def decline(self, by: By, request_id: int, *, reason: str) -> Request:
        """The request has ended, its credits are back, and its member can read why.

        Raises:
            RequestNotFoundError, DecidedError: as with `approve`.
            ReasonError: the reason will not do; nothing was changed.
        """
        return await self._decide(by, request_id, Action.DECLINE, check_reason(reason))

    async def _decide(self, by: By, request_id: int, action: Action, reason: str | None) -> Request:
        if request_id > LARGEST_ID:
            raise RequestNotFoundError
        return await made(self._store, _decide, by, request_id, action, reason, self._clock())


@dataclass(frozen=True, slots=True)
class ApprovalDesk:
    """Shows requests to the moderators, and what became of them."""

    store: Store
    announcer: Announcer
    clock: Clock
    leases: LeaseTimings

    async def show(self, notice: Notice) -> str:
        """Post what the moderators decide by, or bring it up to date; gives the mark of what it says.

        Raises:
            TryLaterError: Discord did not take it now, or the moderators' channel does not take it.
        """
        request, card, channel_id = await self.store.read(_view, notice.request_id)
        mark = str(card.state)
        if mark == notice.said:
            return mark
        posted = _posted(request) or await self._posted_before(notice, request)
        if posted is not None:
            await self._edit(posted, request, card)
        elif request.state is State.AWAITING and channel_id is not None:
            await self._post(notice, request, card, channel_id)
        return mark

    async def _posted_before(self, notice: Notice, request: Request) -> Posted | None:
        """The message of a courier who died, or had no reply; None where it is not, or nobody can look.

        Then it is posted, if need be a second time: each of the two decides, and unseen nobody would.
        """
        if notice.intent is None:
            return None
        try:
            posted = await self.announcer.find_approval(int(notice.intent), request.id)
        except (NoAccessError, UnsendableError) as error:
            log.warning("nobody can look for the moderators' message: %r", error, extra=facts_of(request))
            return None
        if posted is not None:
            await self.store.write(_shown, request, posted, self.clock())
        return posted

    async def _edit(self, posted: Posted, request: Request, card: ApprovalCard) -> None:
        try:
            await send_plainest(
                lambda form: self.announcer.edit_approval(
                    posted.channel_id, posted.message_id, card, form=form
                ),
                what="change of a request for approval",
                facts=facts_of(request),
            )
        except (MessageGoneError, NoAccessError, UnsendableError) as error:
            log.info("the moderators' message stays as it is: %r", error, extra=facts_of(request))

    async def _post(self, notice: Notice, request: Request, card: ApprovalCard, channel_id: int) -> None:
        """Post it; before that the outbox knows where, and where it can't be seen, its member does."""

        async def claim() -> None:
            until = lease_until(self.clock(), self.leases.message_s)
            await self.store.write(_claim, notice, channel_id, until)

        try:
            posted = await send_plainest(
                lambda form: self.announcer.post_approval(channel_id, card, form=form, claim=claim),
                what="request for approval",
                facts=facts_of(request),
            )
        except TryLaterError as error:
            if error.not_taken:
                await self.store.write(_intend, notice, None)
            raise
        except NoAccessError as error:
            await self._miss(notice, request, channel_id)
            raise TryLaterError(f"the moderators' channel is closed: {error}", not_taken=True) from error
        except UnsendableError as error:
            await self._miss(notice, request, channel_id)
            raise TryLaterError(
                f"a request for approval is refused: {error.cause}", not_taken=True
            ) from error
        await self.store.write(_shown, request, posted, self.clock())

    async def _miss(self, notice: Notice, request: Request, channel_id: int) -> None:
        if not request.is_unseen:  # once is enough: it is tried again all day
            log.warning("OPERATOR: a request can't be shown to the moderators", extra=facts_of(request))
        await self.store.write(_missed, notice, request, channel_id, self.clock())


@unit_of_work("approvals.expire")
def lapse(work: Work, request: Request, now: datetime) -> Request:
    """The request has ended because nobody decided on it in time; its credits are back."""
    failure = Failure(FailureKind.UNDECIDED, "no moderator decided in time")
    return make_move(work, request, Move.LAPSE, now=now, failure=failure)


@unit_of_work("approvals.decide")
def _decide(
    work: Work, by: By, request_id: int, action: Action, reason: str | None, now: datetime
) -> Request:
    request = work.requests.find(request_id)
    if request is None or request.guild_id != by.guild_id:
        raise RequestNotFoundError
    decided = decide(
        work,
        by,
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
        return make_move(work, request, Move.APPROVE, now=now)
    failure = Failure(FailureKind.MODERATOR, reason or "")
    return make_move(work, request, Move.DECLINE, now=now, failure=failure)


def _posted(request: Request) -> Posted | None:
    if request.approval_channel_id is None or request.approval_message_id is None:
        return None
    return Posted(request.approval_channel_id, request.approval_message_id)


@unit_of_work("approvals.record_attempt")
def _claim(work: Work, notice: Notice, channel_id: int, until: datetime) -> None:
    work.notices.keep(notice, until=until)
    _intend(work, notice, channel_id)


@unit_of_work("approvals.clear_attempt")
def _intend(work: Work, notice: Notice, channel_id: int | None) -> None:
    """The outbox knows where it is going; None when it surely did not get there."""
    work.notices.intend(notice, None if channel_id is None else str(channel_id))


@unit_of_work("approvals.mark_shown")
def _shown(work: Work, request: Request, posted: Posted, now: datetime) -> None:
    work.requests.set_approval(request.id, posted.channel_id, posted.message_id)
    if request.is_unseen:
        work.notices.touch(request.id, NoticeKind.STATUS, due_at=now)


@unit_of_work("approvals.mark_unseen")
def _missed(work: Work, notice: Notice, request: Request, channel_id: int, now: datetime) -> None:
    """The moderators can't see it, and its status says so."""
    _intend(work, notice, None)
    work.requests.set_approval(request.id, channel_id, None)
    if not request.is_unseen:
        work.notices.touch(request.id, NoticeKind.STATUS, due_at=now)


def _view(work: Work, request_id: int) -> tuple[Request, ApprovalCard, int | None]:
    request = existing(work, request_id)
    decisions = work.changes.of(request.guild_id, subject_id=request.user_id, limit=DECISIONS_LOOKED_AT)
    decided_by = (
        change.actor_id
        for change in decisions
        if change.action in {Action.APPROVE, Action.DECLINE}
        and change.after.get("request") == str(request.id)
    )
    card = ApprovalCard(
        request_id=request.id,
        user_id=request.user_id,
        playlist_id=request.spec.playlist_id,
        model=request.spec.model,
        prompt=request.spec.prompt,
        cost=request.cost,
        state=request.state,
        failure=request.failure,
        approve_by=request.placed_at + APPROVAL_LIFE,
        decided_by=next(decided_by, None),
    )
    return request, card, work.guilds.settings(request.guild_id).approval_channel_id
