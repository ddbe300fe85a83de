"""Holds of credits: from the member, under the server's budget and the owner's caps; their use or refund."""

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.caps import CapConfig
from bot.domain.errors import BudgetError, CreditsError, InsufficientFundsError
from bot.domain.guild_settings import Budget, GuildSettings, MemberRecord, budget_window
from bot.domain.ledger import Account, Balance, Leg, allowance_account, bonus_account, budget_account
from bot.domain.quotas import Policy, Window, window_of
from bot.domain.requests import Request
from bot.domain.transitions import Settlement
from bot.services.credits.caps import SongPayment, check_caps, pass_caps
from bot.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingAccounts:
    """The accounts that pay for a member's requests."""

    allowance: Account
    bonus: Account
    window: Window
    """The window of the allowance."""


def funding_accounts(
    guild_id: int, user_id: int, *, member: MemberRecord, policy: Policy, now: datetime
) -> FundingAccounts:
    """Return the member's accounts under the policy that is in force."""
    window = window_of(policy.period, now)
    generation = member.generation(window)
    return FundingAccounts(
        allowance=allowance_account(guild_id, user_id, member.pseudonym, window, generation),
        bonus=bonus_account(guild_id, user_id, member.pseudonym),
        window=window,
    )


def payment_of(
    uow: UnitOfWork,
    request: Request,
    *,
    member: MemberRecord,
    settings: GuildSettings,
    caps: CapConfig,
    now: datetime,
) -> SongPayment:
    """Return what pays for a request: the member's accounts, the server's budget and the owner's caps.

    Raises:
        CreditsError, BudgetError, CapError: there are too few credits; roll the unit of work back.
        CapsNotOpenError: run `open_caps` first; roll the unit of work back.
    """
    guild_id, cost, policy = request.guild_id, request.cost, request.policy
    funding = funding_accounts(guild_id, request.user_id, member=member, policy=policy, now=now)
    own = uow.ledger.set_granted_total(funding.allowance, target=policy.allowance, now=now).available
    from_allowance = min(cost, own)
    legs = [Leg(funding.allowance.id, from_allowance)] if from_allowance else []
    if rest := cost - from_allowance:
        bonus = uow.ledger.balance(funding.bonus.id).available
        if bonus < rest:
            will_do = policy.allowance + bonus >= cost
            raise CreditsError(own + bonus, cost, funding.window.ends_at if will_do else None)
        uow.ledger.assign_owner(funding.bonus)
        legs.append(Leg(funding.bonus.id, rest))
    # the shared accounts last, so that their locks are held for the shortest time
    if settings.budget is not None:
        legs.append(_budget_leg(uow, guild_id, settings.budget, cost, now))
    return pass_caps(uow, guild_id, SongPayment(cost, tuple(legs)), caps, now)


def hold_credits(uow: UnitOfWork, request_id: int, payment: SongPayment, now: datetime) -> None:
    """Hold a request's credits; nothing else should follow in the unit, for all servers share an account.

    Raises:
        CapError: other requests took the rest of a cap at the same moment; roll the unit of work back.
    """
    try:
        uow.ledger.hold(request_id, payment.legs, now=now)
    except InsufficientFundsError:
        check_caps(uow, payment)
        raise


def settle_hold(uow: UnitOfWork, request: Request, settlement: Settlement, now: datetime) -> None:
    """Use the credits that an ended request held, or refund them; a hold is settled at most once."""
    if settlement is not Settlement.NONE:  # before the caps' accounts, whose locks all servers wait for
        uow.usage.count(request, on=now.astimezone(UTC).date())
    if settlement is Settlement.POST:
        uow.ledger.post(request.id, now=now)
    elif settlement is Settlement.VOID:
        uow.ledger.void(request.id, now=now)


def budget_left(uow: UnitOfWork, guild_id: int, budget: Budget, now: datetime) -> tuple[Balance, Window]:
    """Return the balance of the server's budget in its current window, and that window."""
    window = budget_window(budget, now)
    return uow.ledger.balance(budget_account(guild_id, window).id), window


def _budget_leg(uow: UnitOfWork, guild_id: int, budget: Budget, cost: int, now: datetime) -> Leg:
    window = budget_window(budget, now)
    account = budget_account(guild_id, window)
    left = uow.ledger.set_granted_total(account, target=budget.remaining_target(window), now=now).available
    if left < cost:
        raise BudgetError(left, cost, window.ends_at)
    return Leg(account.id, cost)
