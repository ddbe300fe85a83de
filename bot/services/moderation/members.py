"""The moderators' service for single members: grants, allowances, resets and blocks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

from bot.domain.audit import Action, AuditFacts
from bot.domain.guild_settings import MAX_CREDITS
from bot.domain.ledger import bonus_account
from bot.domain.moderator_errors import AmountError, BotMemberError, NotBlockedError
from bot.domain.quotas import Policy, window_of
from bot.domain.requests import Failure, FailureKind
from bot.domain.transitions import CANCEL_FROM
from bot.services.audit_log import Actor, check_reason, record_action, run_action
from bot.services.credits.statements import Statement, statement_of
from bot.services.ports import Clock
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork, unit_of_work

P = ParamSpec("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMember:
    """The member whom an action concerns."""

    user_id: int
    role_ids: tuple[int, ...] = ()
    """The member's roles in the server; empty if the member left."""
    is_bot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceChange:
    """A member's credits before an action and after it."""

    before: Statement
    after: Statement
    cancelled: int = 0
    """How many waiting requests it cancelled."""


Unit = Callable[Concatenate[UnitOfWork, Actor, TargetMember, datetime, P], int]
"""Carries out an action on a member once; returns how many waiting requests it cancelled."""
WholeUnit = Callable[Concatenate[UnitOfWork, Actor, TargetMember, Policy, datetime, P], BalanceChange]
NamedDecision = NamedUnit[Concatenate[Actor, TargetMember, Policy, datetime, P], BalanceChange]


def check_amount(option: str, value: float, *, least: int = 0, most: int = MAX_CREDITS) -> int:
    """Return the number as an int; clients can send any number.

    Raises:
        AmountError: it is not whole, or out of range.
    """
    if isinstance(value, bool) or value != int(value) or not least <= value <= most:
        raise AmountError(option, value, least, most)
    return int(value)


class MemberModeration:
    """The moderators' actions on single members; each takes effect at once."""

    def __init__(self, store: Store, *, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def grant(self, actor: Actor, target: TargetMember, *, amount: int, reason: str) -> BalanceChange:
        """Grant the member bonus credits; return the change.

        Raises:
            RefusalError: the amount, the reason or the member is not allowed; nothing was changed.
        """
        checked = check_amount("credits", amount, least=1)
        return await self._decide(actor, target, _grant, amount=checked, reason=check_reason(reason))

    async def make_exception(
        self, actor: Actor, target: TargetMember, *, amount: int | None
    ) -> BalanceChange:
        """Set the member's own allowance, which overrides those of roles and everyone; None removes it.

        Raises:
            RefusalError: the amount or the member is not allowed; nothing was changed.
        """
        checked = None if amount is None else check_amount("credits", amount)
        return await self._decide(actor, target, _make_exception, amount=checked)

    async def reset(self, actor: Actor, target: TargetMember) -> BalanceChange:
        """Reset what the member used of the allowance in the current window; bonus credits and holds stay.

        Raises:
            BotMemberError: the member is a bot; nothing was changed.
        """
        return await self._decide(actor, target, _reset, usual=self._policy)

    async def block(self, actor: Actor, target: TargetMember, *, reason: str) -> BalanceChange:
        """Block the member from requesting songs, cancel the waiting requests and release their credits.

        Raises:
            RefusalError: the reason or the member is not allowed; nothing was changed.
        """
        return await self._decide(actor, target, _block, reason=check_reason(reason))

    async def unblock(self, actor: Actor, target: TargetMember) -> BalanceChange:
        """Let a blocked member request songs again.

        Raises:
            NotBlockedError: the member is not blocked.
        """
        return await self._decide(actor, target, _unblock)

    async def _decide(
        self, actor: Actor, target: TargetMember, unit: NamedDecision[P], /, *args: P.args, **kwargs: P.kwargs
    ) -> BalanceChange:
        if target.is_bot:
            raise BotMemberError
        return await run_action(
            self._store, unit, actor, target, self._policy, self._clock(), *args, **kwargs
        )


def _with_effect(unit: Unit[P]) -> WholeUnit[P]:
    """Make the unit return the change of the member's credits, read in the same unit of work."""

    @wraps(unit)
    def unit_with_effect(
        uow: UnitOfWork,
        actor: Actor,
        target: TargetMember,
        usual: Policy,
        now: datetime,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> BalanceChange:
        def statement() -> Statement:
            return statement_of(uow, actor.guild_id, target.user_id, target.role_ids, usual=usual, now=now)

        before = statement()
        cancelled = unit(uow, actor, target, now, *args, **kwargs)
        return BalanceChange(before=before, after=statement(), cancelled=cancelled)

    return unit_with_effect


@unit_of_work("moderation.grant")
@_with_effect
def _grant(
    uow: UnitOfWork, actor: Actor, target: TargetMember, now: datetime, *, amount: int, reason: str
) -> int:
    facts: AuditFacts = {"credits": amount}
    if record_action(
        uow, actor, Action.GRANT, subject_id=target.user_id, after=facts, reason=reason, now=now
    ):
        member = uow.members.get_for_update(actor.guild_id, target.user_id)
        account = bonus_account(actor.guild_id, target.user_id, member.pseudonym)
        uow.ledger.grant(account, cause=actor.interaction_id, amount=amount, now=now)
    return 0


@unit_of_work("moderation.set_allowance")
@_with_effect
def _make_exception(
    uow: UnitOfWork, actor: Actor, target: TargetMember, now: datetime, *, amount: int | None
) -> int:
    member = uow.members.get_for_update(actor.guild_id, target.user_id)
    before: AuditFacts = {"credits": member.allowance}
    after: AuditFacts = {"credits": amount}
    if record_action(
        uow, actor, Action.MEMBER_ALLOWANCE, subject_id=target.user_id, before=before, after=after, now=now
    ):
        uow.members.update(actor.guild_id, target.user_id, replace(member, allowance=amount))
    return 0


@unit_of_work("moderation.reset")
@_with_effect
def _reset(uow: UnitOfWork, actor: Actor, target: TargetMember, now: datetime, *, usual: Policy) -> int:
    member = uow.members.get_for_update(actor.guild_id, target.user_id)
    statement = statement_of(uow, actor.guild_id, target.user_id, target.role_ids, usual=usual, now=now)
    before: AuditFacts = {"used": statement.used}
    after: AuditFacts = {"used": 0}
    if record_action(
        uow, actor, Action.RESET, subject_id=target.user_id, before=before, after=after, now=now
    ):
        window = window_of(statement.policy.period, now)
        uow.members.update(actor.guild_id, target.user_id, member.reset(window))
    return 0


@unit_of_work("moderation.block")
@_with_effect
def _block(uow: UnitOfWork, actor: Actor, target: TargetMember, now: datetime, *, reason: str) -> int:
    member = uow.members.get_for_update(actor.guild_id, target.user_id)
    if not record_action(uow, actor, Action.BLOCK, subject_id=target.user_id, reason=reason, now=now):
        return 0
    uow.members.update(actor.guild_id, target.user_id, replace(member, blocked=reason))
    failure = Failure(FailureKind.BLOCKED, reason)
    waiting = [
        request
        for request in uow.requests.active_of(actor.guild_id, target.user_id)
        if request.state in CANCEL_FROM
    ]
    for request in waiting:
        apply_transition(uow, request, CANCEL_FROM[request.state], now=now, failure=failure)
    return len(waiting)


@unit_of_work("moderation.unblock")
@_with_effect
def _unblock(uow: UnitOfWork, actor: Actor, target: TargetMember, now: datetime) -> int:
    member = uow.members.get_for_update(actor.guild_id, target.user_id)
    decided = record_action(uow, actor, Action.UNBLOCK, subject_id=target.user_id, now=now)
    if decided and member.blocked is None:
        raise NotBlockedError
    uow.members.update(actor.guild_id, target.user_id, replace(member, blocked=None))
    return 0
