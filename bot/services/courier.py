"""The courier: tells Discord what the outbox holds, until Discord has it."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.domain.errors import (
    AnsweredElsewhereError,
    MediaError,
    MessageGoneError,
    NoAccessError,
    StaleError,
    TokenDeadError,
    TryLaterError,
    UnsendableError,
)
from bot.domain.polling import Durations
from bot.domain.requests import CANCEL_FROM, Address, Request
from bot.services.approvals import ApprovalDesk
from bot.services.cards import StatusCard, next_look_at
from bot.services.delivery import Delivery
from bot.services.edits import Said
from bot.services.facts import facts_of, facts_of_notice
from bot.services.first_answers import withdraw
from bot.services.intents import Intent, Way, may_be_unanswered, ways_of_endings
from bot.services.lease import Lease, lease_until, put_off
from bot.services.line import LINE_S, Line
from bot.services.message_forms import may_be_taken_later, pause_of_refused, send_plainest
from bot.services.moves import existing
from bot.services.outbox import Notice, NoticeKind
from bot.services.ports import Announcer, Claim, Clock, Target
from bot.services.status import describe, line_of
from bot.services.timings import WorkTimings
from bot.services.work import Store, Work, unit_of_work

log = logging.getLogger(__name__)

GONE_REPEATS = 2
"""How often a message that is not there is looked for again: a fresh one is sometimes not found."""


class Courier:
    """The desk that edits status messages and posts results."""

    name = "courier"

    def __init__(
        self,
        store: Store,
        announcer: Announcer,
        delivery: Delivery,
        *,
        owner: str,
        places: int,
        edit_spacing_s: float,
        clock: Clock,
        timings: WorkTimings = WorkTimings(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._delivery = delivery
        self._approvals = ApprovalDesk(store, announcer, clock, timings.leases)
        self._owner = owner
        self._places = places
        self._spacing = timedelta(seconds=edit_spacing_s)
        self._clock = clock
        self._lease_s = timings.leases.message_s
        self._retries = timings.retries
        self._status_interval_s = timings.status_interval_s
        self._answered_within_s = timings.answered_within_s
        self._line = Line()
        self._line_at: datetime | None = None

    async def claim(self, limit: int) -> Sequence[Notice]:
        """The notices to say now."""
        now = self._clock()
        lease = Lease(self._owner, lease_until(now, self._lease_s))
        return await self._store.write(_claim, now, lease, limit)

    async def next_due_at(self) -> datetime | None:
        """When the next notice comes due."""
        return await self._store.read(lambda work: work.notices.next_due_at())

    async def handle(self, notice: Notice) -> None:
        """Say one thing, or keep it for later."""
        try:
            if notice.kind is NoticeKind.RESULT:
                await self._delivery.deliver(notice)
                await self._store.write(_said, notice, None, self._clock(), None)
            elif notice.kind is NoticeKind.APPROVAL:
                mark = await self._approvals.show(notice)
                await self._store.write(_said, notice, mark, self._clock() + self._spacing, None)
            else:
                await self._say_status(notice)
        except TryLaterError as error:
            own_s = self._retries.message_s * 2.0 ** min(notice.attempts, 20)
            pause_s = max(error.retry_after_s or 0.0, min(own_s, self._retries.message_max_s))
            log.warning(
                "Discord did not take a %s, again in %.0f s: %s",
                notice.kind,
                pause_s,
                error.cause,
                extra=facts_of_notice(notice),
            )
            await self._retry(notice, pause_s)
        except MediaError as error:
            pause_s = self._retries.message_s * 2**notice.attempts
            log.info("a file is awaited for %.0f s: %s", pause_s, error.cause, extra=facts_of_notice(notice))
            await self._retry(notice, pause_s)
        except AnsweredElsewhereError:
            await self._store.write(withdraw, notice.request_id, self._clock())
            log.error(
                "OPERATOR: another copy of the bot, with the same token and another database, has answered"
                " first; its request is withdrawn here",
                extra=facts_of_notice(notice),
            )
        except StaleError as error:
            log.warning("left to whoever has it now: %s", error, extra=facts_of_notice(notice))

    async def _say_status(self, notice: Notice) -> None:
        now = self._clock()
        request, card, durations = await self._store.read(
            _view, notice.request_id, await self._line_now(now), now
        )
        look_at = next_look_at(request, durations=durations, now=now, interval_s=self._status_interval_s)
        said = Said.parse(notice.said)
        if request.address.is_unconfirmed(now) or not said.leaves_out(card):
            said = said.edited(card)
            try:
                await self._edit(request, card)
            except MessageGoneError:
                if notice.attempts < GONE_REPEATS:
                    await self._retry(notice, self._retries.message_s)
                    return
                if request.address.is_unconfirmed(now):  # it was answered, and nobody can tell by whom
                    await self._store.write(_forget_token, request.id)
                await self._say_elsewhere(notice, request, card)
            except (NoAccessError, UnsendableError) as error:
                log.info("a status can't be edited: %r", error, extra=facts_of(request))
                await self._say_elsewhere(notice, request, card)
        if card.is_final:
            log.info("ended, and the status message is final", extra=facts_of(request))
        await self._store.write(_say, notice, card, said, self._clock() + self._spacing, look_at)

    async def _edit(self, request: Request, card: StatusCard) -> None:
        """Edit by the interaction's token while it lives, then as the bot.

        Raises:
            AnsweredElsewhereError: the message is that of another copy of the bot; nothing was changed.
        """
        token = request.address.token_at(self._clock())
        try:
            if token is not None and request.address.message_id is None and request.state in CANCEL_FROM:
                request = await self._confirm(request, card, token=token)
            message_id = await self._edit_by(request, card, request.address, token=token)
        except TokenDeadError:
            if may_be_unanswered(request, self._clock(), self._answered_within_s):
                raise TryLaterError("the command is not answered yet") from None
            await self._store.write(_forget_token, request.id)
            await self._edit_as_bot(request, card)
        except TryLaterError as error:
            if token is None or request.address.message_id is None or not error.is_long:
                raise
            try:
                await self._edit_as_bot(request, card)
            except NoAccessError:
                if card.is_final and not card.must_be_known:
                    raise error from None  # nobody is told elsewhere, so it waits for the token
                raise
        else:
            if request.address.message_id is None:
                await self._store.write(_learn_message, request.id, message_id)

    async def _confirm(self, request: Request, card: StatusCard, *, token: str) -> Request:
        """Find out that the command's answer is this bot's: the request may be submitted then.

        Raises:
            AnsweredElsewhereError: it is that of another copy of the bot.
        """
        message_id = await self._announcer.find_answer(request.address, card, token=token)
        await self._store.write(_learn_message, request.id, message_id)
        return replace(request, address=replace(request.address, message_id=message_id))

    async def _edit_as_bot(self, request: Request, card: StatusCard) -> None:
        await self._edit_by(request, card, replace(request.address, token=None), token=None)

    async def _edit_by(
        self, request: Request, card: StatusCard, address: Address, *, token: str | None
    ) -> int:
        return await send_plainest(
            lambda form: self._announcer.edit_status(address, card, token=token, form=form),
            what="status",
            facts=facts_of(request),
        )

    async def _say_elsewhere(self, notice: Notice, request: Request, card: StatusCard) -> None:
        """The status message is out of reach: go on without it, but the member must learn how it ended."""
        if not card.must_be_known:
            return
        refused = False
        limited: TryLaterError | None = None
        for way in ways_of_endings(request, self._clock()):
            if way is Way.FOLLOW_UP and notice.intent:  # once is enough in public: other posts have a nonce
                continue
            target = Intent(way, self._clock()).target(request)
            try:
                claim = partial(self._claim_ending, notice, way)
                await self._post_ending(target, request, card, claim)
            except (NoAccessError, TokenDeadError):
                continue
            except TryLaterError as error:
                if way is not Way.FOLLOW_UP or not error.is_long:
                    raise
                await self._store.write(_not_intended, notice)
                limited = error
                continue
            except UnsendableError:
                refused = True
                continue
            return
        if limited is not None:
            raise limited
        if refused and may_be_taken_later(request, self._clock()):
            pause_s = pause_of_refused(notice.attempts)
            raise TryLaterError("how it ended is refused in every form", pause_s, not_taken=True)
        log.error("OPERATOR: the member could not be told how it ended", extra=facts_of(request))

    async def _post_ending(self, target: Target, request: Request, card: StatusCard, claim: Claim) -> None:
        await send_plainest(
            lambda form: self._announcer.post_ending(target, card, form=form, claim=claim),
            what="message on how it ended",
            facts=facts_of(request),
        )

    async def _claim_ending(self, notice: Notice, way: Way) -> None:
        """Keep the notice in hand; of a follow-up, which has no nonce, the outbox knows before.

        Raises:
            StaleError: another courier has it in hand by now.
        """
        now = self._clock()
        intent = Intent(way, now) if way is Way.FOLLOW_UP else None
        await self._store.write(_claim_ending, notice, intent, lease_until(now, self._lease_s))

    async def _retry(self, notice: Notice, pause_s: float) -> None:
        await self._store.write(_failed, notice, put_off(self._clock(), pause_s))

    async def _line_now(self, now: datetime) -> Line:
        if self._line_at is None or abs(now - self._line_at) >= timedelta(seconds=LINE_S):
            self._line_at = now
            self._line = await self._store.read(line_of, self._places, now)
        return self._line


@unit_of_work("outbox.claim")
def _claim(work: Work, now: datetime, lease: Lease, limit: int) -> list[Notice]:
    return work.notices.claim_due(now=now, lease=lease, limit=limit)


def _view(work: Work, request_id: int, line: Line, now: datetime) -> tuple[Request, StatusCard, Durations]:
    request = existing(work, request_id)
    return request, describe(work, request, line, now), work.timings.of(request.spec.model)


@unit_of_work("outbox.mark_sent")
def _said(
    work: Work, notice: Notice, mark: str | None, not_before: datetime, next_at: datetime | None
) -> None:
    work.notices.said(notice, mark=mark, not_before=not_before, next_at=next_at)


@unit_of_work("outbox.mark_status_sent")
def _say(
    work: Work,
    notice: Notice,
    card: StatusCard,
    said: Said,
    not_before: datetime,
    next_at: datetime | None,
) -> None:
    """The status is up to date, as far as that is worth an edit.

    Nobody needs the token of a message that will not change.
    """
    _said(work, notice, str(said), not_before, next_at)
    if card.is_final:
        _forget_token(work, notice.request_id)


@unit_of_work("outbox.reschedule")
def _failed(work: Work, notice: Notice, next_at: datetime) -> None:
    work.notices.failed(notice, next_at=next_at)


@unit_of_work("outbox.record_attempt")
def _claim_ending(work: Work, notice: Notice, intent: Intent | None, until: datetime) -> None:
    work.notices.keep(notice, until=until)
    if intent is not None:
        work.notices.intend(notice, str(intent))


@unit_of_work("outbox.clear_attempt")
def _not_intended(work: Work, notice: Notice) -> None:
    """The follow-up surely was not taken, so it may go out another time."""
    work.notices.intend(notice, None)


@unit_of_work("outbox.set_status_message")
def _learn_message(work: Work, request_id: int, message_id: int) -> None:
    request = existing(work, request_id)
    work.requests.set_address(request_id, replace(request.address, message_id=message_id))


@unit_of_work("outbox.forget_token")
def _forget_token(work: Work, request_id: int) -> None:
    request = existing(work, request_id)
    if request.address.token is not None:
        work.requests.set_address(request_id, replace(request.address, token=None))
