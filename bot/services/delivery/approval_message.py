"""TODO."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.audit import Action
from bot.domain.errors import InvalidMessageError, MessageGoneError, NoAccessError, RetryableError
from bot.domain.requests import Request, State
from bot.services.delivery.cards import ApprovalCard
from bot.services.delivery.message_forms import send_plainest
from bot.services.moderation.approvals import log
from bot.services.ports import Clock, MessageRef, Messenger
from bot.services.repositories.outbox import MessageKind, OutboxMessage
from bot.services.requests.log_context import log_context
from bot.services.requests.placement import APPROVAL_TTL
from bot.services.requests.transitions import get_request
from bot.services.runtime.lease import lease_until
from bot.services.runtime.timings import LeaseTimings
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

DECISIONS_LOOKED_AT = 50
"""How many of a member's last decisions are looked through for the one about a request."""


@dataclass(frozen=True, slots=True)
class ApprovalMessages:
    """Shows requests to the moderators, and what became of them."""

    store: Store
    messenger: Messenger
    clock: Clock
    leases: LeaseTimings

    async def show(self, message: OutboxMessage) -> str:
        """Post what the moderators decide by, or bring it up to date; gives the mark of what it says.

        Raises:
            TryLaterError: Discord did not take it now, or the moderators' channel does not take it.
        """
        request, card, channel_id = await self.store.read(_view, message.request_id)
        fingerprint = str(card.state)
        if fingerprint == message.sent:
            return fingerprint
        posted = _posted(request) or await self._posted_before(message, request)
        if posted is not None:
            await self._edit(posted, request, card)
        elif request.state is State.AWAITING and channel_id is not None:
            await self._post(message, request, card, channel_id)
        return fingerprint

    async def _posted_before(self, message: OutboxMessage, request: Request) -> MessageRef | None:
        """The message of a courier who died, or had no reply; None where it is not, or nobody can look.

        Then it is posted, if need be a second time: each of the two decides, and unseen nobody would.
        """
        if message.attempt is None:
            return None
        try:
            posted = await self.messenger.find_approval(int(message.attempt), request.id)
        except (NoAccessError, InvalidMessageError) as error:
            log.warning("nobody can look for the moderators' message: %r", error, extra=log_context(request))
            return None
        if posted is not None:
            await self.store.write(_shown, request, posted, self.clock())
        return posted

    async def _edit(self, posted: MessageRef, request: Request, card: ApprovalCard) -> None:
        try:
            await send_plainest(
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
        """Post it; before that the outbox knows where, and where it can't be seen, its member does."""

        async def claim() -> None:
            until = lease_until(self.clock(), self.leases.message_s)
            await self.store.write(_claim, message, channel_id, until)

        try:
            posted = await send_plainest(
                lambda form: self.messenger.post_approval(channel_id, card, form=form, claim=claim),
                what="request for approval",
                facts=log_context(request),
            )
        except RetryableError as error:
            if error.not_taken:
                await self.store.write(_intend, message, None)
            raise
        except NoAccessError as error:
            await self._miss(message, request, channel_id)
            raise RetryableError(f"the moderators' channel is closed: {error}", not_taken=True) from error
        except InvalidMessageError as error:
            await self._miss(message, request, channel_id)
            raise RetryableError(
                f"a request for approval is refused: {error.cause}", not_taken=True
            ) from error
        await self.store.write(_shown, request, posted, self.clock())

    async def _miss(self, message: OutboxMessage, request: Request, channel_id: int) -> None:
        if not request.is_undelivered:  # once is enough: it is tried again all day
            log.warning("OPERATOR: a request can't be shown to the moderators", extra=log_context(request))
        await self.store.write(_missed, message, request, channel_id, self.clock())


def _posted(request: Request) -> MessageRef | None:
    if request.approval_channel_id is None or request.approval_message_id is None:
        return None
    return MessageRef(request.approval_channel_id, request.approval_message_id)


@unit_of_work("approvals.record_attempt")
def _claim(uow: UnitOfWork, message: OutboxMessage, channel_id: int, until: datetime) -> None:
    uow.outbox.extend_lease(message, until=until)
    _intend(uow, message, channel_id)


@unit_of_work("approvals.clear_attempt")
def _intend(uow: UnitOfWork, message: OutboxMessage, channel_id: int | None) -> None:
    """The outbox knows where it is going; None when it surely did not get there."""
    uow.outbox.record_attempt(message, None if channel_id is None else str(channel_id))


@unit_of_work("approvals.mark_shown")
def _shown(uow: UnitOfWork, request: Request, posted: MessageRef, now: datetime) -> None:
    uow.requests.set_approval(request.id, posted.channel_id, posted.message_id)
    if request.is_undelivered:
        uow.outbox.mark_due(request.id, MessageKind.STATUS, due_at=now)


@unit_of_work("approvals.mark_unseen")
def _missed(
    uow: UnitOfWork, message: OutboxMessage, request: Request, channel_id: int, now: datetime
) -> None:
    """The moderators can't see it, and its status says so."""
    _intend(uow, message, None)
    uow.requests.set_approval(request.id, channel_id, None)
    if not request.is_undelivered:
        uow.outbox.mark_due(request.id, MessageKind.STATUS, due_at=now)


def _view(uow: UnitOfWork, request_id: int) -> tuple[Request, ApprovalCard, int | None]:
    request = get_request(uow, request_id)
    decisions = uow.audit_log.page(request.guild_id, subject_id=request.user_id, limit=DECISIONS_LOOKED_AT)
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
        approve_by=request.placed_at + APPROVAL_TTL,
        decided_by=next(decided_by, None),
    )
    return request, card, uow.guilds.settings(request.guild_id).approval_channel_id
