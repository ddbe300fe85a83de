from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.guild_settings import (
    ApprovalChange,
    ApprovalRole,
    ApprovalRules,
    Budget,
    GuildSettings,
    MemberRecord,
    policy_for,
)
from bot.domain.ledger import Balance, refilled
from bot.domain.quotas import Period, Policy, Source, window_of

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
WEEK = window_of(Period.WEEK, NOW)
USUAL = Policy(allowance=90, period=Period.WEEK, max_active=1, cooldown_s=5)
VIP, DJ, OTHER = 1, 2, 3
SETTLED = GuildSettings(allowance=60, period=Period.DAY, roles={VIP: 150, DJ: 10}, max_active=4, cooldown_s=0)


def test_where_nothing_is_settled_the_operators_rules_hold() -> None:
    assert policy_for(USUAL, GuildSettings()) == USUAL


def test_what_is_settled_goes_before_the_operators_rules() -> None:
    policy = policy_for(USUAL, SETTLED)
    assert (policy.allowance, policy.period, policy.max_active, policy.cooldown_s) == (60, Period.DAY, 4, 0)
    assert policy.source is Source.EVERYONE


@pytest.mark.parametrize(
    ("exception", "roles", "allowance", "source", "role"),
    [
        (None, (), 60, Source.EVERYONE, None),
        (None, (OTHER,), 60, Source.EVERYONE, None),
        (None, (OTHER, DJ), 10, Source.ROLE, DJ),
        (None, (DJ, VIP, DJ), 150, Source.ROLE, VIP),
        (0, (VIP,), 0, Source.EXCEPTION, None),
        (500, (), 500, Source.EXCEPTION, None),
    ],
)
def test_a_members_own_allowance_precedes_the_largest_role_and_that_everyones(
    exception: int | None, roles: tuple[int, ...], allowance: int, source: Source, role: int | None
) -> None:
    policy = policy_for(USUAL, SETTLED, MemberRecord(allowance=exception), roles)
    assert (policy.allowance, policy.source, policy.role_id) == (allowance, source, role)


def test_an_allowance_of_nothing_is_one() -> None:
    assert policy_for(USUAL, GuildSettings(allowance=0, roles={VIP: 0})).allowance == 0
    assert policy_for(USUAL, GuildSettings(roles={VIP: 0}), MemberRecord(), (VIP,)).allowance == 0


def test_a_reset_counts_in_its_own_window() -> None:
    once = MemberRecord().reset(WEEK)
    twice = once.reset(WEEK)
    following = window_of(Period.WEEK, NOW + timedelta(days=7))
    assert [record.generation(WEEK) for record in (MemberRecord(), once, twice)] == [0, 1, 2]
    assert twice.generation(following) == 0
    assert twice.reset(following).generation(following) == 3
    assert once.reset(following).reset(WEEK).generation(WEEK) == 3, "the first one's allowance was used"


def test_a_budget_counts_what_was_spent_before_it_in_its_first_window_only() -> None:
    budget = Budget(credits=100, period=Period.WEEK, opened_in=WEEK.key, spent_before=30)
    assert budget.remaining_target(WEEK) == 70
    assert budget.remaining_target(window_of(Period.WEEK, NOW + timedelta(days=7))) == 100
    assert (
        Budget(credits=20, period=Period.WEEK, opened_in=WEEK.key, spent_before=30).remaining_target(WEEK)
        == 0
    )


@pytest.mark.parametrize(
    ("balance", "target", "granted"),
    [
        (Balance(), 90, 90),
        (Balance(90, 30, 30), 120, 120),
        (Balance(90, 30, 30), 60, 60),
        (Balance(90, 30, 30), 10, 60),
        (Balance(90, 0, 0), 0, 0),
    ],
)
def test_an_account_follows_its_target_but_not_below_what_is_held_and_used(
    balance: Balance, target: int, granted: int
) -> None:
    filled = refilled(balance, target)
    assert filled == Balance(granted, balance.held, balance.used)
    assert filled.available >= 0


def test_the_channels_that_are_named_count_once_each() -> None:
    settings = GuildSettings(requests_channel_id=1, results_channel_id=2, log_channel_id=1)
    assert settings.channel_ids == (1, 2)
    assert GuildSettings().channel_ids == ()


def test_a_change_of_approval_leaves_what_it_does_not_name() -> None:
    rules = ApprovalRules(exempt_role_ids=(1, 2), free_per_day=3, ping_role_id=4, decider_role_id=5)
    assert ApprovalChange()(rules) == rules
    assert ApprovalChange(exempt=2, free=0, skips_saved=True)(rules) == replace(
        rules, free_per_day=0, skips_saved=True
    )
    assert ApprovalChange(exempt=3, none=ApprovalRole.EXEMPT)(rules) == replace(rules, exempt_role_ids=(3,))
    assert ApprovalChange(none=ApprovalRole.PING)(rules) == replace(rules, ping_role_id=None)
    assert ApprovalChange(deciders=6, ping=7)(rules) == replace(rules, decider_role_id=6, ping_role_id=7)
    assert ApprovalChange(none=ApprovalRole.DECIDERS)(rules) == replace(rules, decider_role_id=None)
