"""Placing, seeing and cancelling song requests."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import CreditsError, NotYoursError, RequestNotFoundError, StoreError, TooLateError
from bot.domain.ledger import allowance_account
from bot.domain.quota import Policy, window_of
from bot.domain.requests import Address, Move, NewRequest, Request, State
from bot.domain.songs import Order, check
from bot.services.cards import WAITING_LOOK_S, Line, StatusCard, status_card
from bot.services.facts import facts_of
from bot.services.moves import make_move
from bot.services.outbox import NoticeKind
from bot.services.ports import Clock
from bot.services.work import Store, Work

log = logging.getLogger(__name__)

SHORT_LINE = 200
"""Up to so many waiting requests, the answer to a command says its place; sorting more takes too long."""
LARGEST_ID = 2**63 - 1
"""Discord's ids have 63 bits; a member may type anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SongRules:
    """What the operator has settled about songs."""

    models: tuple[str, ...]
    default_model: str
    cost: int
    """Credits for one request."""
    policy: Policy
    """What every member may do."""
    places: int
    """Tasks at the provider at once."""
    token_life_s: float
    """Seconds for which an interaction's token is used."""
    edit_spacing_s: float
    """Least seconds between two edits of one status message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asked, where, and how the answer can be reached."""

    interaction_id: int
    guild_id: int
    user_id: int
    channel_id: int
    application_id: int
    token: str
    attachment_limit: int
    """Bytes."""
    may_post: bool = True
    """Whether the bot may post messages with files and embeds there."""

    def __repr__(self) -> str:
        """The facts without the token, which is a secret."""
        return (
            f"Asked(interaction_id={self.interaction_id}, guild_id={self.guild_id}, user_id={self.user_id})"
        )


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A request that will not be made; its credits are back."""

    cost: int


class Songs:
    """Song requests as members see them."""

    def __init__(self, store: Store, *, rules: SongRules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    async def place(self, order: Order, asked: Asked) -> StatusCard:
        """The status of the request that the order became; its credits are held.

        The same interaction places one request, however often it is told.

        Raises:
            RefusalError: the order is wrong or not allowed now; nothing is held.
            StoreError: the database cannot be used.
        """
        rules, now = self._rules, self._clock()
        spec = check(order, models=rules.models, default_model=rules.default_model)
        new = NewRequest(
            id=asked.interaction_id,
            guild_id=asked.guild_id,
            user_id=asked.user_id,
            spec=spec,
            cost=rules.cost,
            policy=rules.policy,
            address=Address(
                application_id=asked.application_id,
                channel_id=asked.channel_id,
                token=asked.token,
                token_until=now + timedelta(seconds=rules.token_life_s),
                attachment_limit=asked.attachment_limit,
                may_post=asked.may_post,
            ),
            placed_at=now,
        )
        card, placed = await self._store.write(_place, new, rules, now)
        if placed is not None:
            log.info("placed", extra=facts_of(placed))
        return card

    async def answered(self, request_id: int, message_id: int) -> None:
        """Remember which message shows the status of a request, as far as the database lets us.

        The interaction's token reaches the message without it, so its member need not hear of a failure.
        """
        try:
            await self._store.write(_set_message, request_id, message_id)
        except StoreError as error:
            log.error("a status message is not remembered: %s", error, extra={"request": request_id})

    async def cancel(self, request_id: int, *, guild_id: int, user_id: int) -> Cancelled:
        """Take a waiting request back; its credits return to the member.

        Raises:
            RequestNotFoundError, NotYoursError: it is not one of this member's here.
            TooLateError: the provider has it already, or it has ended.
        """
        if request_id > LARGEST_ID:
            raise RequestNotFoundError
        return await self._store.write(_cancel, request_id, guild_id, user_id, self._clock())

    async def active_of(self, guild_id: int, user_id: int) -> list[StatusCard]:
        """A member's requests under way, oldest first."""
        return await self._store.read(_active_of, guild_id, user_id, self._rules.places, self._clock())


def describe(work: Work, request: Request, line: Line, now: datetime) -> StatusCard:
    """What a request's status message should say now."""
    return status_card(request, line=line, durations=work.timings.of(request.spec.model), now=now)


def line_of(work: Work, places: int, *, longest: int | None = None) -> Line:
    """The line in front of the provider now; without its order if more than `longest` wait."""
    gate = work.gates.get()
    trouble = gate.trouble if gate else None
    if longest is not None and work.requests.count(State.WAITING) > longest:
        return Line.of((), work.requests.running(), places=places, trouble=trouble)
    return Line.of(work.requests.waiting(), work.requests.running(), places=places, trouble=trouble)


def _place(work: Work, new: NewRequest, rules: SongRules, now: datetime) -> tuple[StatusCard, Request | None]:
    """The status, and the request if it is a new one."""
    known = work.requests.find(new.id)
    if known is not None:
        return describe(work, known, line_of(work, rules.places), now), None
    policy = new.policy
    work.members.take_slot(
        new.guild_id, new.user_id, limit=policy.max_active, cooldown_s=policy.cooldown_s, now=now
    )
    request = work.requests.add(new)
    _hold(work, new, now)
    card = describe(work, request, line_of(work, rules.places, longest=SHORT_LINE), now)
    work.notices.open(
        new.id,
        NoticeKind.STATUS,
        mark=card.mark,
        not_before=now + timedelta(seconds=rules.edit_spacing_s),
        next_at=now + timedelta(seconds=WAITING_LOOK_S),
    )
    return card, request


def _hold(work: Work, new: NewRequest, now: datetime) -> None:
    window = window_of(new.policy.period, now)
    account = allowance_account(new.guild_id, new.user_id, window)
    work.ledger.open_allowance(
        account,
        guild_id=new.guild_id,
        user_id=new.user_id,
        window=window,
        amount=new.policy.allowance,
        now=now,
    )
    if not work.ledger.hold(new.id, account=account, amount=new.cost, now=now):
        raise CreditsError(work.ledger.balance(account).available, new.cost, window.ends_at)


def _set_message(work: Work, request_id: int, message_id: int) -> None:
    request = work.requests.find(request_id)
    if request is not None:
        work.requests.set_address(request_id, replace(request.address, message_id=message_id))


def _cancel(work: Work, request_id: int, guild_id: int, user_id: int, now: datetime) -> Cancelled:
    request = work.requests.find(request_id)
    if request is None or request.guild_id != guild_id:
        raise RequestNotFoundError
    if request.user_id != user_id:
        raise NotYoursError
    if request.state is not State.WAITING:
        raise TooLateError(request.state)
    make_move(work, request, Move.CANCEL, now=now)
    return Cancelled(request.cost)


def _active_of(work: Work, guild_id: int, user_id: int, places: int, now: datetime) -> list[StatusCard]:
    line = line_of(work, places)
    return [describe(work, request, line, now) for request in work.requests.active_of(guild_id, user_id)]
