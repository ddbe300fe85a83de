"""What moderators settle for single members: grants, exceptions, resets and blocks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

from bot.domain.changes import Action, Facts
from bot.domain.guild_settings import MOST_CREDITS
from bot.domain.ledger import bonus_account
from bot.domain.moderator_errors import AmountError, BotMemberError, NotBlockedError, ReasonError
from bot.domain.quota import Policy, window_of
from bot.domain.requests import CANCEL_FROM, Failure, FailureKind
from bot.domain.text import clean_text
from bot.services.decisions import By, decide, made
from bot.services.moves import make_move
from bot.services.ports import Clock
from bot.services.quotas import Statement, statement_of
from bot.services.work import NamedUnit, Store, Work, unit_of_work

P = ParamSpec("P")

REASON_LIMIT = 500
"""Characters of a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a decision is about."""

    user_id: int
    role_ids: tuple[int, ...] = ()
    """The roles that the member has there; none of one who left."""
    is_bot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A member's credits before a decision and after it."""

    before: Statement
    after: Statement
    cancelled: int = 0
    """How many waiting requests it ended."""


Unit = Callable[Concatenate[Work, By, Subject, datetime, P], int]
"""Makes a decision about a member, once, and gives how many waiting requests it ended."""
WholeUnit = Callable[Concatenate[Work, By, Subject, Policy, datetime, P], Effect]
NamedDecision = NamedUnit[Concatenate[By, Subject, Policy, datetime, P], Effect]


def check_amount(option: str, value: float, *, least: int = 0, most: int = MOST_CREDITS) -> int:
    """The number, if it is a whole one within bounds: a client may send anything.

    Raises:
        AmountError: it is not.
    """
    if isinstance(value, bool) or value != int(value) or not least <= value <= most:
        raise AmountError(option, value, least, most)
    return int(value)


def check_reason(reason: str) -> str:
    """Return the reason as it is stored, without what nobody can see.

    Raises:
        ReasonError: nothing is left, or it is too long.
    """
    words = clean_text(reason)
    if not 1 <= len(words) <= REASON_LIMIT:
        raise ReasonError(len(words), REASON_LIMIT)
    return words


class Moderation:
    """Single members' credits, as moderators settle them; each decision takes effect at once."""

    def __init__(self, store: Store, *, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def grant(self, by: By, subject: Subject, *, amount: int, reason: str) -> Effect:
        """The member has so many bonus credits more.

        Raises:
            RefusalError: the number, the reason or the member will not do; nothing was changed.
        """
        checked = check_amount("credits", amount, least=1)
        return await self._decide(by, subject, _grant, amount=checked, reason=check_reason(reason))

    async def make_exception(self, by: By, subject: Subject, *, amount: int | None) -> Effect:
        """The member's own allowance, whatever roles and everyone have; None ends it.

        Raises:
            RefusalError: the number or the member will not do; nothing was changed.
        """
        checked = None if amount is None else check_amount("credits", amount)
        return await self._decide(by, subject, _make_exception, amount=checked)

    async def reset(self, by: By, subject: Subject) -> Effect:
        """The member's allowance begins anew in its present window; bonus and holds stay.

        Raises:
            BotMemberError: the member is a bot; nothing was changed.
        """
        return await self._decide(by, subject, _reset, usual=self._policy)

    async def block(self, by: By, subject: Subject, *, reason: str) -> Effect:
        """The member may ask for no songs, and those that waited are cancelled with their credits back.

        Raises:
            RefusalError: the reason or the member will not do; nothing was changed.
        """
        return await self._decide(by, subject, _block, reason=check_reason(reason))

    async def unblock(self, by: By, subject: Subject) -> Effect:
        """The member may ask for songs again.

        Raises:
            NotBlockedError: nobody had blocked the member.
        """
        return await self._decide(by, subject, _unblock)

    async def _decide(
        self, by: By, subject: Subject, unit: NamedDecision[P], /, *args: P.args, **kwargs: P.kwargs
    ) -> Effect:
        if subject.is_bot:
            raise BotMemberError
        return await made(self._store, unit, by, subject, self._policy, self._clock(), *args, **kwargs)


def _with_effect(unit: Unit[P]) -> WholeUnit[P]:
    """Give the decision's effect on the member's credits, seen in the same unit of work."""

    @wraps(unit)
    def whole(
        work: Work,
        by: By,
        subject: Subject,
        usual: Policy,
        now: datetime,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Effect:
        def statement() -> Statement:
            return statement_of(work, by.guild_id, subject.user_id, subject.role_ids, usual=usual, now=now)

        before = statement()
        cancelled = unit(work, by, subject, now, *args, **kwargs)
        return Effect(before=before, after=statement(), cancelled=cancelled)

    return whole


@unit_of_work("moderation.grant")
@_with_effect
def _grant(work: Work, by: By, subject: Subject, now: datetime, *, amount: int, reason: str) -> int:
    facts: Facts = {"credits": amount}
    if decide(work, by, Action.GRANT, subject_id=subject.user_id, after=facts, reason=reason, now=now):
        standing = work.members.meet(by.guild_id, subject.user_id)
        account = bonus_account(by.guild_id, subject.user_id, standing.pseudonym)
        work.ledger.grant(account, cause=by.interaction_id, amount=amount, now=now)
    return 0


@unit_of_work("moderation.set_allowance")
@_with_effect
def _make_exception(work: Work, by: By, subject: Subject, now: datetime, *, amount: int | None) -> int:
    standing = work.members.meet(by.guild_id, subject.user_id)
    before: Facts = {"credits": standing.allowance}
    after: Facts = {"credits": amount}
    if decide(
        work, by, Action.MEMBER_ALLOWANCE, subject_id=subject.user_id, before=before, after=after, now=now
    ):
        work.members.settle(by.guild_id, subject.user_id, replace(standing, allowance=amount))
    return 0


@unit_of_work("moderation.reset")
@_with_effect
def _reset(work: Work, by: By, subject: Subject, now: datetime, *, usual: Policy) -> int:
    standing = work.members.meet(by.guild_id, subject.user_id)
    statement = statement_of(work, by.guild_id, subject.user_id, subject.role_ids, usual=usual, now=now)
    before: Facts = {"used": statement.used}
    after: Facts = {"used": 0}
    if decide(work, by, Action.RESET, subject_id=subject.user_id, before=before, after=after, now=now):
        window = window_of(statement.policy.period, now)
        work.members.settle(by.guild_id, subject.user_id, standing.reset(window))
    return 0


@unit_of_work("moderation.block")
@_with_effect
def _block(work: Work, by: By, subject: Subject, now: datetime, *, reason: str) -> int:
    standing = work.members.meet(by.guild_id, subject.user_id)
    if not decide(work, by, Action.BLOCK, subject_id=subject.user_id, reason=reason, now=now):
        return 0
    work.members.settle(by.guild_id, subject.user_id, replace(standing, blocked=reason))
    failure = Failure(FailureKind.BLOCKED, reason)
    waiting = [
        request
        for request in work.requests.active_of(by.guild_id, subject.user_id)
        if request.state in CANCEL_FROM
    ]
    for request in waiting:
        make_move(work, request, CANCEL_FROM[request.state], now=now, failure=failure)
    return len(waiting)


@unit_of_work("moderation.unblock")
@_with_effect
def _unblock(work: Work, by: By, subject: Subject, now: datetime) -> int:
    standing = work.members.meet(by.guild_id, subject.user_id)
    decided = decide(work, by, Action.UNBLOCK, subject_id=subject.user_id, now=now)
    if decided and standing.blocked is None:
        raise NotBlockedError
    work.members.settle(by.guild_id, subject.user_id, replace(standing, blocked=None))
    return 0
