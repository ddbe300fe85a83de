"""The ledger against a simple model of it, in random order."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Engine, text

from bot.domain.errors import ConflictError, InsufficientFundsError, StoreError
from bot.domain.ledger import MINT, SONGS, Balance, Leg
from bot.domain.quotas import Period, Window, window_of
from bot.domain.requests import ACTIVE, USED, Request
from bot.domain.transitions import TRANSITIONS, Transition
from bot.services.requests.transitions import apply_transition
from bot.storage.ledger_audit import audit_ledger, totals
from bot.storage.sqlite.engine import writing_engine
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.unit.storage.databases import fresh
from tests.unit.storage.factories import GUILD, NOW, USER, WINDOW, account_of, new_request

WINDOWS = (
    WINDOW,
    window_of(Period.WEEK, WINDOW.ends_at),
    window_of(Period.MONTH, NOW),
)
members = st.sampled_from((USER, USER + 1))
windows = st.sampled_from(WINDOWS)
credits_ = st.integers(1, 60)


@pytest.fixture(scope="module", autouse=True)
def _ledger(tmp_path_factory: pytest.TempPathFactory) -> None:
    LedgerMachine.engine = writing_engine(fresh(tmp_path_factory.mktemp("ledger")))


class UndoneError(Exception):
    """Raised at the end of a unit that is to leave nothing."""


@dataclass
class Account:
    """The expected balance of one account."""

    granted: int = 0
    held: int = 0
    used: int = 0

    @property
    def balance(self) -> Balance:
        return Balance(self.granted, self.held, self.used)


class LedgerMachine(RuleBasedStateMachine):
    """Members with allowances in several windows, and requests that live, replay and are rolled back.

    Each example is one transaction, undone at its end; each unit is a savepoint in it, as in the store.
    """

    engine: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self.connection = self.engine.connect()
        self.transaction = self.connection.begin()
        self.work = SqlUnitOfWork(self.connection, lambda: NOW)
        self.accounts: dict[str, Account] = {}
        self.requests: dict[int, Request] = {}
        self.paid_by: dict[int, str] = {}
        self.next_id = 1

    def teardown(self) -> None:
        self.transaction.rollback()
        self.connection.close()

    def unit(self, run: Callable[[], None]) -> None:
        with self.connection.begin_nested():
            run()

    def open(self, user: int, window: Window, amount: int) -> None:
        self.work.ledger.set_granted_total(account_of(user, window), target=amount, now=NOW)

    def place(self, request_id: int, user: int, window: Window, cost: int) -> None:
        self.work.members.add_active_request(GUILD, user, limit=1000, cooldown_s=0, now=NOW)
        self.work.requests.add(new_request(request_id, user=user, cost=cost))
        self.hold(request_id, account_of(user, window).id, cost)

    def hold(self, request_id: int, account_id: str, cost: int) -> None:
        self.work.ledger.hold(request_id, [Leg(account_id, cost)], now=NOW)

    @rule(user=members, window=windows, amount=st.integers(0, 120))
    def an_allowance_is_opened(self, user: int, window: Window, amount: int) -> None:
        self.unit(lambda: self.open(user, window, amount))
        account = self.accounts.setdefault(account_of(user, window).id, Account())
        account.granted = max(amount, account.held + account.used)

    @rule(user=members, window=windows, cost=credits_)
    def a_request_is_placed(self, user: int, window: Window, cost: int) -> None:
        request_id, self.next_id = self.next_id, self.next_id + 1
        name = account_of(user, window).id
        account = self.accounts.get(name, Account())
        if account.balance.available < cost:
            with pytest.raises(InsufficientFundsError):
                self.unit(lambda: self.place(request_id, user, window, cost))
            return
        self.unit(lambda: self.place(request_id, user, window, cost))
        found = self.work.requests.find(request_id)
        assert found is not None
        self.requests[request_id], self.paid_by[request_id] = found, name
        account.held += cost

    @precondition(lambda self: self.requests)
    @rule(pick=st.data())
    def a_request_moves(self, pick: st.DataObject) -> None:
        request = pick.draw(st.sampled_from(list(self.requests.values())))
        transitions = [transition for transition, rule in TRANSITIONS.items() if rule.source is request.state]
        if not transitions:
            return
        transition = pick.draw(st.sampled_from(transitions))
        self.unit(
            lambda: self.requests.update(
                {request.id: apply_transition(self.work, request, transition, now=NOW)}
            )
        )
        self.settle(request, self.requests[request.id])
        with pytest.raises(ConflictError):
            self.unit(lambda: _apply(self.work, request, transition))

    @precondition(lambda self: any(request.state in ACTIVE for request in self.requests.values()))
    @rule(pick=st.data())
    def a_request_becomes_a_song(self, pick: st.DataObject) -> None:
        active = [request for request in self.requests.values() if request.state in ACTIVE]
        request = pick.draw(st.sampled_from(active))
        for transition in (Transition.CLAIM, Transition.ACCEPT, Transition.FINISH):
            before = self.requests[request.id]
            if TRANSITIONS[transition].source is before.state:
                self.requests[request.id] = apply_transition(self.work, before, transition, now=NOW)
                self.settle(before, self.requests[request.id])

    def settle(self, before: Request, after: Request) -> None:
        if before.state in ACTIVE and after.state not in ACTIVE:
            account = self.accounts[self.paid_by[after.id]]
            account.held -= after.cost
            account.used += after.cost if after.state in USED else 0

    @precondition(lambda self: self.requests)
    @rule(pick=st.data(), repeats=st.integers(1, 2))
    def what_was_done_is_repeated(self, pick: st.DataObject, repeats: int) -> None:
        request = pick.draw(st.sampled_from(list(self.requests.values())))
        for _ in range(repeats):
            self.unit(lambda: self.hold(request.id, self.paid_by[request.id], request.cost))
            if request.state in USED:
                self.unit(lambda: self.work.ledger.post(request.id, now=NOW))
                with pytest.raises(StoreError):
                    self.unit(lambda: self.work.ledger.void(request.id, now=NOW))
            elif request.state not in ACTIVE:
                self.unit(lambda: self.work.ledger.void(request.id, now=NOW))
                with pytest.raises(StoreError):
                    self.unit(lambda: self.work.ledger.post(request.id, now=NOW))

    @rule(
        user=members,
        window=windows,
        amount=credits_,
        transition=st.sampled_from([None, Transition.CANCEL, Transition.CLAIM]),
    )
    def a_unit_fails_at_its_end(
        self, user: int, window: Window, amount: int, transition: Transition | None
    ) -> None:
        request_id = self.next_id  # not counted up: what was undone may come again

        def run() -> None:
            self.open(user, window, 10_000)
            self.place(request_id, user, window, amount)
            request = self.work.requests.find(request_id)
            if transition is not None and request is not None:
                _apply(self.work, request, transition)
            raise UndoneError

        with pytest.raises(UndoneError):
            self.unit(run)

    @rule(request_id=st.integers(-5, -1))
    def what_was_never_held_is_not_settled(self, request_id: int) -> None:
        for settle in (self.work.ledger.post, self.work.ledger.void):
            with pytest.raises(StoreError):
                settle(request_id, now=NOW)

    @invariant()
    def each_balance_is_the_models(self) -> None:
        for name, account in self.accounts.items():
            assert self.work.ledger.balance(name) == account.balance
            assert account.balance.available >= 0

    @invariant()
    def each_balance_can_be_rebuilt_from_the_journal(self) -> None:
        rebuilt, outside = self.journal()
        for name, account in self.accounts.items():
            assert rebuilt.get(name, Account()) == account
        assert outside[MINT] == -sum(account.granted for account in self.accounts.values())
        assert outside[SONGS] == sum(account.used for account in self.accounts.values())

    def journal(self) -> tuple[dict[str, Account], Counter[str]]:
        """The accounts as the transfers alone tell them, and the sums of the system's two."""
        rebuilt: dict[str, Account] = {}
        outside: Counter[str] = Counter()
        in_order = "ORDER BY kind = 'void', kind = 'post', kind = 'pending', credit = 'mint'"
        rows = self.connection.execute(text(f"SELECT kind, debit, credit, amount FROM transfers {in_order}"))
        for kind, debit, credit, amount in rows:
            match kind:
                case "single" if credit == MINT:
                    rebuilt[debit].granted -= amount
                    outside[credit] += amount
                case "single":
                    rebuilt.setdefault(credit, Account()).granted += amount
                    outside[debit] -= amount
                case "pending":
                    rebuilt[debit].held += amount
                case "post":
                    rebuilt[debit].held -= amount
                    rebuilt[debit].used += amount
                    outside[credit] += amount
                case "void":
                    rebuilt[debit].held -= amount
        return rebuilt, outside

    @invariant()
    def the_ledger_is_correct(self) -> None:
        assert audit_ledger(self.connection) == []
        ledger = totals(self.connection)
        assert ledger.requests == Counter(request.state for request in self.requests.values())
        assert ledger.granted == sum(account.granted for account in self.accounts.values())
        held = sum(account.held for account in self.accounts.values())
        assert ledger.held == held
        assert held == sum(self.work.ledger.held_by(GUILD, user) for user in (USER, USER + 1))


def _apply(work: SqlUnitOfWork, request: Request, transition: Transition) -> None:
    apply_transition(work, replace(request), transition, now=NOW)


LedgerMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestLedger = LedgerMachine.TestCase
