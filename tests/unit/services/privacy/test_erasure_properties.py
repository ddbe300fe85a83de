"""A member requests songs and erasures in random order over some months: this gains no credits."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.domain.errors import CreditsError
from bot.domain.personal_data import PendingRequestsError
from bot.domain.quotas import Period, window_of
from bot.domain.transitions import Transition
from bot.services.credits.holds import funding_accounts
from bot.services.privacy.retention import CleanupHandler, CleanupTask, RetentionConfig
from bot.services.requests.transitions import apply_transition, get_request
from bot.services.unit_of_work import UnitOfWork
from bot.storage.tables import outbox
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.harness.databases import ledger_breaches
from tests.harness.services import ADA, GUILD, RULES, ServicesHarness, services_harness

T = TypeVar("T")
ALLOWANCE, COST = RULES.policy.allowance, RULES.cost


@dataclass(frozen=True)
class Paid:
    """Where a request's credits came from."""

    window: str
    allowance: int
    bonus: int


class Months(RuleBasedStateMachine):
    """The member's credits against a simple model in which an erasure only ends the bonus."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.harness: ServicesHarness = self.do(
            self.stack.enter_async_context(
                services_harness(self.folder, policy=replace(RULES.policy, max_active=100))
            )
        )
        self.retention = CleanupHandler(
            self.harness.store, config=RetentionConfig(), clock=self.harness.clock
        )
        self.period = Period.WEEK
        self.spent: Counter[str] = Counter()
        self.bonus = 0
        self.open: dict[int, Paid] = {}
        self.ended: set[int] = set()
        self.erase_at: datetime | None = None
        self.causes = 1

    def do(self, work: Coroutine[object, object, T]) -> T:
        # not the runner's `run`, which takes over Ctrl-C each time: a third of all the time here
        return self.runner.get_loop().run_until_complete(work)

    def write(self, unit: object) -> None:
        assert callable(unit)
        self.do(self.harness.store.write(unit))

    def teardown(self) -> None:
        self.do(self.stack.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    @property
    def window(self) -> str:
        return window_of(self.period, self.harness.clock.now).key

    @property
    def available(self) -> int:
        return ALLOWANCE - self.spent[self.window] + self.bonus

    def place(self) -> None:
        own = min(COST, ALLOWANCE - self.spent[self.window])
        if self.available < COST:
            with pytest.raises(CreditsError):
                self.do(self.harness.place())
            return
        request_id = self.do(self.harness.place()).request_id
        self.open[request_id] = Paid(self.window, own, COST - own)
        self.spent[self.window] += own
        self.bonus -= COST - own
        self.erase_at = None

    @precondition(lambda self: self.open)
    @rule(pick=st.data(), is_song=st.booleans())
    def end(self, pick: st.DataObject, is_song: bool) -> None:
        self.finish(pick.draw(st.sampled_from(sorted(self.open))), is_song=is_song)

    def finish(self, request_id: int, *, is_song: bool) -> None:
        transitions = (
            (Transition.CLAIM, Transition.ACCEPT, Transition.FINISH, Transition.DELIVER)
            if is_song
            else (Transition.CANCEL,)
        )

        def unit(uow: UnitOfWork) -> None:
            for transition in transitions:
                apply_transition(uow, get_request(uow, request_id), transition, now=self.harness.clock.now)
            assert isinstance(uow, SqlUnitOfWork)
            uow.connection.execute(outbox.update().values(due_at=None))

        self.write(unit)
        paid = self.open.pop(request_id)
        self.ended.add(request_id)
        if not is_song:
            self.spent[paid.window] -= paid.allowance
            self.bonus += paid.bonus

    def forget(self) -> None:
        privacy = self.harness.services.privacy
        if self.open:
            with pytest.raises(PendingRequestsError):
                self.do(privacy.erase(ADA))
            return
        self.erase_at = self.do(privacy.erase(ADA)).until
        for request_id in self.ended:
            assert self.do(self.harness.request(request_id)).user_id == 0

    def sweep(self) -> None:
        self.do(self.retention.handle(CleanupTask.DATA))
        if self.erase_at is not None and self.erase_at <= self.harness.clock.now:
            self.erase_at, self.bonus = None, 0

    @rule(amount=st.integers(1, 60))
    def grant(self, amount: int) -> None:
        now = self.harness.clock.now

        def unit(uow: UnitOfWork) -> None:
            record = uow.members.get_for_update(GUILD, ADA)
            funding = funding_accounts(GUILD, ADA, member=record, policy=RULES.policy, now=now)
            uow.ledger.grant(funding.bonus, cause=self.causes, amount=amount, now=now)

        self.write(unit)
        self.causes += 1
        self.bonus += amount

    def change_period(self, period: Period) -> None:
        def unit(uow: UnitOfWork) -> None:
            uow.guilds.update(GUILD, replace(uow.guilds.get_for_update(GUILD), period=period))

        self.write(unit)
        self.period = period

    @rule(hours=st.sampled_from((1, 25, 24 * 7, 24 * 31)), is_swept=st.booleans())
    def some_time_passes(self, hours: int, is_swept: bool) -> None:
        self.time_goes_on(hours, is_swept=is_swept)

    def time_goes_on(self, hours: int, *, is_swept: bool) -> None:
        self.harness.clock.advance(hours * 3600)
        if is_swept:
            self.sweep()

    @rule()
    def a_request_is_placed(self) -> None:
        self.place()

    @rule()
    def the_member_is_forgotten(self) -> None:
        self.forget()

    @rule(period=st.sampled_from(Period))
    def the_period_changes(self, period: Period) -> None:
        self.change_period(period)

    @precondition(lambda self: not self.open)
    @rule(first=st.sampled_from(Period), then=st.sampled_from(Period))
    def the_period_changes_for_a_day_over_which_the_member_is_forgotten(
        self, first: Period, then: Period
    ) -> None:
        self.change_period(first)
        self.place()
        for request_id in list(self.open):
            self.finish(request_id, is_song=True)
        self.change_period(then)
        self.forget()
        self.time_goes_on(25, is_swept=True)
        self.change_period(first)

    @invariant()
    def the_books_are_right(self) -> None:
        assert self.do(ledger_breaches(self.harness.store)) == []

    @invariant()
    def no_credit_is_won_or_lost(self) -> None:
        statement = self.do(self.harness.credits())
        assert (statement.available, statement.bonus) == (self.available, self.bonus)
        assert statement.held == sum(COST for _ in self.open)


TestMonths = Months.TestCase
TestMonths.settings = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
