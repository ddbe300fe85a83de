"""A server's month in random order: moderators' settings, members' requests, their ends, and time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Engine, text

from bot.domain.errors import BlockedError, BudgetError, CreditsError, PausedError, RefusalError
from bot.domain.guild_settings import GuildSettings, MemberRecord, budget_window
from bot.domain.ledger import bonus_account
from bot.domain.quotas import Period, Policy, window_of
from bot.domain.requests import ACTIVE, Request
from bot.domain.song_options import SongOptions
from bot.domain.transitions import TRANSITIONS, Transition
from bot.services.credits.statements import Statement, statement_of
from bot.services.moderation.allowances import new_budget
from bot.services.requests.placement import RequestContext, SongConfig, place
from bot.services.requests.transitions import apply_transition
from bot.storage.ledger_audit import audit_ledger
from bot.storage.sqlite.engine import writing_engine
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.harness.services import PLAYLIST, RULES
from tests.unit.storage.databases import fresh
from tests.unit.storage.factories import GUILD, NOW, USER

VIP, DJ = 71, 72
USUAL = Policy(allowance=90, period=Period.WEEK, max_active=50, cooldown_s=0)
MEMBERS = (USER, USER + 1)
members = st.sampled_from(MEMBERS)
credits_ = st.integers(0, 200)
maybe_credits = st.none() | credits_
periods = st.sampled_from(Period)
roles = st.sets(st.sampled_from((VIP, DJ)))


@pytest.fixture(scope="module", autouse=True)
def _ledger(tmp_path_factory: pytest.TempPathFactory) -> None:
    Month.engine = writing_engine(fresh(tmp_path_factory.mktemp("month")))


class Month(RuleBasedStateMachine):
    """Each example is one transaction, undone at its end; each unit is a savepoint in it, as in the store."""

    engine: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOW
        self.connection = self.engine.connect()
        self.transaction = self.connection.begin()
        self.work = SqlUnitOfWork(self.connection, lambda: self.now)
        self.roles: dict[int, tuple[int, ...]] = dict.fromkeys(MEMBERS, ())
        self.requests: dict[int, Request] = {}
        self.next_id = 1

    def teardown(self) -> None:
        self.transaction.rollback()
        self.connection.close()

    def settle(self, change: Callable[[GuildSettings], GuildSettings]) -> None:
        self.work.guilds.update(GUILD, change(self.work.guilds.get_for_update(GUILD)))

    def settle_member(self, user: int, change: Callable[[MemberRecord], MemberRecord]) -> None:
        self.work.members.update(GUILD, user, change(self.work.members.get_for_update(GUILD, user)))

    def statement(self, user: int) -> Statement:
        return statement_of(self.work, GUILD, user, self.roles[user], usual=USUAL, now=self.now)

    @rule(credits_=credits_, period=periods)
    def everyone_gets(self, credits_: int, period: Period) -> None:
        self.settle(lambda settled: replace(settled, allowance=credits_, period=period))

    @rule(role=st.sampled_from((VIP, DJ)), credits_=maybe_credits)
    def a_role_gets(self, role: int, credits_: int | None) -> None:
        others = {id_: value for id_, value in self.work.guilds.settings(GUILD).roles.items() if id_ != role}
        own = {} if credits_ is None else {role: credits_}
        self.settle(lambda settled: replace(settled, roles=others | own))

    @rule(user=members, roles=roles)
    def a_member_changes_roles(self, user: int, roles: set[int]) -> None:
        self.roles[user] = tuple(roles)

    @rule(user=members, credits_=maybe_credits)
    def a_member_gets_an_exception(self, user: int, credits_: int | None) -> None:
        self.settle_member(user, lambda record: replace(record, allowance=credits_))

    @rule(user=members, blocked=st.sampled_from((None, "spam")))
    def a_member_is_blocked_or_not(self, user: int, blocked: str | None) -> None:
        self.settle_member(user, lambda record: replace(record, blocked=blocked))

    @rule(paused=st.sampled_from((None, None, "a show")))
    def songs_are_paused_or_not(self, paused: str | None) -> None:
        self.settle(lambda settled: replace(settled, paused=paused))

    @rule(user=members, credits_=st.integers(1, 100))
    def a_member_is_granted_a_bonus(self, user: int, credits_: int) -> None:
        cause, self.next_id = self.next_id, self.next_id + 1
        before = self.statement(user)
        for _ in range(2):  # a replay gives nothing more
            record = self.work.members.get_for_update(GUILD, user)
            account = bonus_account(GUILD, user, record.pseudonym)
            self.work.ledger.grant(account, cause=cause, amount=credits_, now=self.now)
        assert self.statement(user).bonus == before.bonus + credits_

    @rule(user=members)
    def a_member_begins_anew(self, user: int) -> None:
        before = self.statement(user)
        window = window_of(before.policy.period, self.now)
        self.settle_member(user, lambda record: record.reset(window))
        after = self.statement(user)
        assert after.available == before.policy.allowance + before.bonus
        assert (after.held, after.used) == (before.held, 0)

    @rule(credits_=maybe_credits, period=periods)
    def the_server_gets_a_budget(self, credits_: int | None, period: Period) -> None:
        if credits_ is None:
            self.settle(lambda settled: replace(settled, budget=None))
            return
        before = self.work.guilds.settings(GUILD).budget
        budget = new_budget(self.work, GUILD, before, credits_, period, self.now)
        self.settle(lambda settled: replace(settled, budget=budget))
        window = window_of(period, self.now)
        if before is None:
            spent = self.work.usage.spent(GUILD, since=window.starts_at.date())
            left = self.statement(USER).limits.budget
            assert left is not None
            assert left.left == max(0, credits_ - spent)

    @rule(user=members, cost=st.integers(1, 70))
    def a_song_is_asked_for(self, user: int, cost: int) -> None:
        request_id, self.next_id = self.next_id, self.next_id + 1
        rules = replace(RULES, policy=USUAL, cost=cost)
        before = self.statement(user)
        refusal = self.refusal(before, cost)
        if refusal is not None:
            with pytest.raises(refusal), self.connection.begin_nested():
                self.place(request_id, user, rules)
            assert self.statement(user) == before
            return
        self.requests[request_id] = self.place(request_id, user, rules)
        after = self.statement(user)
        assert (after.available, after.held) == (before.available - cost, before.held + cost)

    def place(self, request_id: int, user: int, rules: SongConfig) -> Request:
        asked = RequestContext(
            interaction_id=request_id,
            guild_id=GUILD,
            user_id=user,
            channel_id=1,
            application_id=2,
            token="token",
            attachment_limit=1,
            role_ids=self.roles[user],
        )
        placed = place(self.work, SongOptions(playlist=PLAYLIST), asked, rules, self.now).request
        assert placed is not None
        return placed

    def refusal(self, statement: Statement, cost: int) -> type[RefusalError] | None:
        """What the statement, as the member can read it, says of a song that costs so much."""
        if self.work.guilds.settings(GUILD).paused is not None:
            return PausedError
        if statement.blocked is not None:
            return BlockedError
        if statement.available < cost:
            return CreditsError
        budget = statement.limits.budget
        if budget is not None and budget.left < cost:
            return BudgetError
        return None

    @precondition(lambda self: any(request.state in ACTIVE for request in self.requests.values()))
    @rule(pick=st.data())
    def a_request_moves(self, pick: st.DataObject) -> None:
        active = [request for request in self.requests.values() if request.state in ACTIVE]
        request = pick.draw(st.sampled_from(active))
        transition = pick.draw(
            st.sampled_from([one for one, rule in TRANSITIONS.items() if rule.source is request.state])
        )
        paid = self.paid(request)
        before = self.balances()
        moved = apply_transition(self.work, request, transition, now=self.now)
        self.requests[request.id] = moved
        if moved.state not in ACTIVE:  # it goes back to, or is used from, just what it was held from
            used = transition is Transition.FINISH
            for account, amount in paid.items():
                granted, held, spent = before[account]
                before[account] = (granted, held - amount, spent + (amount if used else 0))
        assert self.balances() == before

    def paid(self, request: Request) -> dict[str, int]:
        holds = text("SELECT debit, amount FROM transfers WHERE request_id = :id AND kind = 'pending'")
        return {row.debit: row.amount for row in self.connection.execute(holds, {"id": request.id})}

    def balances(self) -> dict[str, tuple[int, int, int]]:
        counts = text("SELECT id, credits_posted, debits_pending, debits_posted FROM accounts")
        return {id_: (granted, held, used) for id_, granted, held, used in self.connection.execute(counts)}

    @rule(hours=st.sampled_from((1, 20, 24, 90, 200)))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def the_ledger_is_correct(self) -> None:
        assert audit_ledger(self.connection) == []

    @invariant()
    def what_is_held_is_what_the_requests_under_way_cost(self) -> None:
        for user in MEMBERS:
            own = (one for one in self.requests.values() if one.user_id == user and one.state in ACTIVE)
            assert self.statement(user).held == sum(request.cost for request in own)

    @invariant()
    def nobody_spends_more_than_the_budget(self) -> None:
        budget = self.work.guilds.settings(GUILD).budget
        if budget is not None:
            state = self.statement(USER).limits.budget
            assert state is not None
            assert 0 <= state.left <= budget.remaining_target(budget_window(budget, self.now))


Month.TestCase.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
TestMonth = Month.TestCase
