"""Holds of credits, from the member's allowance, the bonus and the server's budget; their use or refund."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import BudgetError, CreditsError
from bot.domain.guild_settings import Budget, GuildSettings, MemberRecord, budget_window
from bot.domain.ledger import Account, Balance, Leg, allowance_account, bonus_account, budget_account
from bot.domain.quotas import Policy, Window, window_of
from bot.domain.transitions import Settlement
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


def hold_credits(
    uow: UnitOfWork,
    request_id: int,
    *,
    cost: int,
    funding: FundingAccounts,
    policy: Policy,
    settings: GuildSettings,
    now: datetime,
) -> None:
    """Hold a request's credits in the member's accounts, and in the server's budget if it has one.

    Raises:
        CreditsError, BudgetError: there are too few; roll the unit of work back.
    """
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
    # the budget last: all members share this account, so its lock is held for the shortest time
    if settings.budget is not None:
        legs.append(_budget_leg(uow, funding.allowance.guild_id, settings.budget, cost, now))
    uow.ledger.hold(request_id, legs, now=now)


def settle_hold(uow: UnitOfWork, request_id: int, settlement: Settlement, now: datetime) -> None:
    """Use the credits that a request holds, or refund them; a hold is settled at most once."""
    if settlement is Settlement.POST:
        uow.ledger.post(request_id, now=now)
    elif settlement is Settlement.VOID:
        uow.ledger.void(request_id, now=now)


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
