"""Approval messages: posts with which moderators approve or decline requests."""

import logging
from dataclasses import dataclass
from datetime import datetime

from bot.domain.audit import Action
from bot.domain.errors import InvalidMessageError, MessageGoneError, NoAccessError, RetryableError
from bot.domain.leases import lease_until
from bot.domain.requests import Request, State
from bot.services.cards import ApprovalCard
from bot.services.delivery.message_forms import send_with_fallback
from bot.services.ports import Clock, MessageRef, Messenger
from bot.services.repositories.outbox import MessageKind, OutboxMessage
from bot.services.requests.placement import APPROVAL_TTL
from bot.services.requests.transitions import get_request, log_context
from bot.services.runtime.timings import LeaseTimings
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)

DECISIONS_SEARCHED = 50
"""How many of the last decisions about a member are searched for the one about a request."""


@dataclass(frozen=True, slots=True)
class ApprovalMessages:
    """The posting and editing of approval messages."""

    store: Store
    messenger: Messenger
    clock: Clock
    leases: LeaseTimings

    async def show(self, message: OutboxMessage) -> str:
        """Post or edit the approval message of a request; return the fingerprint of what it says.

        Raises:
            RetryableError: Discord did not accept it now, or the moderators' channel is closed to the bot.
        """
        request, card, channel_id = await self.store.read(_view, message.source_id)
        fingerprint = str(card.state)
        if fingerprint == message.sent:
            return fingerprint
        posted = _posted_ref(request) or await self._find_attempted(message, request)
        if posted is not None:
            await self._edit(posted, request, card)
        elif request.state is State.AWAITING and channel_id is not None:
            await self._post(message, request, card, channel_id)
        return fingerprint

    async def _find_attempted(self, message: OutboxMessage, request: Request) -> MessageRef | None:
        """Find the message of an earlier attempt whose outcome is unknown; None if it is not found.

        In that case it is posted again: two messages do no harm, but without one nobody could decide.
        """
        if message.attempt is None:
            return None
        try:
            posted = await self.messenger.find_approval(int(message.attempt), request.id)
        except (NoAccessError, InvalidMessageError) as error:
            log.warning("cannot search for the moderators' message: %r", error, extra=log_context(request))
            return None
        if posted is not None:
            await self.store.write(_mark_shown, request, posted, self.clock())
        return posted

    async def _edit(self, posted: MessageRef, request: Request, card: ApprovalCard) -> None:
        try:
            await send_with_fallback(
                lambda form: self.messenger.edit_approval(
                    posted.channel_id, posted.message_id, card, form=form
                ),
                what="change of a request for approval",
                facts=log_context(request),
            )
        except (MessageGoneError, NoAccessError, InvalidMessageError) as error:
            log.info("the moderators' message stays as it is: %r", error, extra=log_context(request))

    async def _post(
        self, message: OutboxMessage, request: Request, card: ApprovalCard, channel_id: int
    ) -> None:
        """Post the message, after the attempt is recorded.

        If the moderators cannot see it, mark that for the member.

        Raises:
            RetryableError: Discord did not accept it now, or the moderators' channel is closed to the bot.
        """

        async def claim() -> None:
            until = lease_until(self.clock(), self.leases.message_s)
            await self.store.write(_claim, message, channel_id, until)

        try:
            posted = await send_with_fallback(
                lambda form: self.messenger.post_approval(channel_id, card, form=form, claim=claim),
                what="request for approval",
                facts=log_context(request),
            )
        except RetryableError as error:
            if error.not_taken:
                await self.store.write(_set_attempt, message, None)
            raise
        except NoAccessError as error:
            await self._record_unseen(message, request, channel_id)
            raise RetryableError(f"the moderators' channel is closed: {error}", not_taken=True) from error
        except InvalidMessageError as error:
            await self._record_unseen(message, request, channel_id)
            raise RetryableError(
                f"a request for approval is refused: {error.cause}", not_taken=True
            ) from error
        await self.store.write(_mark_shown, request, posted, self.clock())

    async def _record_unseen(self, message: OutboxMessage, request: Request, channel_id: int) -> None:
        if not request.is_undelivered:  # log it once: it is retried for a day
            log.warning("OPERATOR: a request can't be shown to the moderators", extra=log_context(request))
        await self.store.write(_mark_unseen, message, request, channel_id, self.clock())


def _posted_ref(request: Request) -> MessageRef | None:
    if request.approval_channel_id is None or request.approval_message_id is None:
        return None
    return MessageRef(request.approval_channel_id, request.approval_message_id)


@unit_of_work("approvals.record_attempt")
def _claim(uow: UnitOfWork, message: OutboxMessage, channel_id: int, until: datetime) -> None:
    uow.outbox.extend_lease(message, until=until)
    _set_attempt(uow, message, channel_id)


@unit_of_work("approvals.clear_attempt")
def _set_attempt(uow: UnitOfWork, message: OutboxMessage, channel_id: int | None) -> None:
    """Record the channel of the attempt; None if the message was certainly not posted there."""
    uow.outbox.record_attempt(message, None if channel_id is None else str(channel_id))


@unit_of_work("approvals.mark_shown")
def _mark_shown(uow: UnitOfWork, request: Request, posted: MessageRef, now: datetime) -> None:
    uow.requests.set_approval(request.id, posted.channel_id, posted.message_id)
    if request.is_undelivered:
        uow.outbox.mark_due(request.id, MessageKind.STATUS, due_at=now)


@unit_of_work("approvals.mark_unseen")
def _mark_unseen(
    uow: UnitOfWork, message: OutboxMessage, request: Request, channel_id: int, now: datetime
) -> None:
    """Mark that the moderators cannot see the request, and let its status message say so."""
    _set_attempt(uow, message, None)
    uow.requests.set_approval(request.id, channel_id, None)
    if not request.is_undelivered:
        uow.outbox.mark_due(request.id, MessageKind.STATUS, due_at=now)


@reads(Share.WORKERS)
def _view(uow: UnitOfWork, request_id: int) -> tuple[Request, ApprovalCard, int | None]:
    request = get_request(uow, request_id)
    settings = uow.guilds.settings(request.guild_id)
    decisions = uow.audit_log.page(request.guild_id, subject_id=request.user_id, limit=DECISIONS_SEARCHED)
    decided_by = (
        entry.actor_id
        for entry in decisions
        if entry.action in {Action.APPROVE, Action.DECLINE}
        and str(request.id) in str(entry.after.get("request")).split()
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
        approve_by=request.placed_at + APPROVAL_TTL,
        decided_by=next(decided_by, None),
        ping_role_id=settings.approval.ping_role_id,
    )
    return request, card, settings.approval_channel_id
