"""The contract of every store for the ledger: nothing is spent twice, nothing is lost."""

import asyncio

import pytest
from sqlalchemy import text

from bot.domain.errors import StoreError
from bot.domain.ledger import Balance, TransferKind
from bot.domain.quotas import Period, window_of
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.harness.databases import ledger_breaches
from tests.unit.storage.databases import column
from tests.unit.storage.factories import (
    COST,
    GUILD,
    NOW,
    USER,
    WINDOW,
    account_of,
    after,
    hold,
    open_account,
    place,
)


class TestLedger:
    async def balance(self, store: SqlStore, user: int = USER) -> Balance:
        return await store.read(lambda work: work.ledger.balance(account_of(user).id))

    async def test_an_allowance_is_granted_once_and_follows_its_target(self, store: SqlStore) -> None:
        assert await self.balance(store) == Balance()
        for amount in (90, 90, 500, 60, 60):
            await store.write(open_account, amount)
            assert await self.balance(store) == Balance(granted=amount)
        assert await column(store, "SELECT amount FROM transfers ORDER BY id") == [90, 410, 440]

    async def test_an_allowance_does_not_fall_below_what_is_held_and_used(self, store: SqlStore) -> None:
        await store.write(open_account, 90)
        await store.write(hold, 1)
        await store.write(hold, 2)
        await store.write(lambda work: work.ledger.post(1, now=NOW))
        await store.write(open_account, 10)
        assert await self.balance(store) == Balance(granted=60, held=30, used=30)
        await store.write(lambda work: work.ledger.void(2, now=NOW))
        await store.write(open_account, 10)
        assert await self.balance(store) == Balance(granted=30, used=30)
        await store.write(open_account, 90)
        assert await self.balance(store) == Balance(granted=90, used=30)

    async def test_an_allowance_of_nothing_opens_the_account_and_holds_nothing(self, store: SqlStore) -> None:
        await store.write(open_account, 0)
        assert await store.write(hold, 1) is False
        assert await column(store, "SELECT count(*) FROM transfers") == [0]
        assert await column(store, "SELECT count(*) FROM accounts WHERE kind = 'member'") == [1]

    async def test_an_account_that_was_never_opened_holds_nothing(self, store: SqlStore) -> None:
        assert await store.write(hold, 1) is False

    async def test_the_last_credit_can_be_held_and_not_one_more(self, store: SqlStore) -> None:
        await store.write(open_account, 59)
        assert await store.write(hold, 1) is True
        assert await store.write(hold, 2) is False
        assert await store.write(hold, 3, 29) is True
        assert await self.balance(store) == Balance(granted=59, held=59)

    async def test_of_a_hundred_holds_at_once_ten_fit(self, store: SqlStore) -> None:
        await store.write(open_account, 10 * COST)
        held = await asyncio.gather(*(store.write(hold, number) for number in range(100)))
        assert sum(held) == 10
        assert await self.balance(store) == Balance(granted=10 * COST, held=10 * COST)

    async def test_a_hold_that_is_repeated_finds_itself(self, store: SqlStore) -> None:
        await store.write(open_account, COST)
        assert await store.write(hold, 1) is True
        assert await store.write(hold, 1) is True
        await store.write(lambda work: work.ledger.post(1, now=NOW))
        assert await store.write(hold, 1) is True
        assert await self.balance(store) == Balance(granted=COST, used=COST)

    async def test_a_hold_is_used_or_given_back_once(self, store: SqlStore) -> None:
        await store.write(open_account)
        for number in (1, 2, 3):
            await store.write(hold, number)
        for _ in range(2):
            await store.write(lambda work: work.ledger.post(1, now=NOW))
            await store.write(lambda work: work.ledger.void(2, now=NOW))
        assert await self.balance(store) == Balance(granted=90, held=30, used=30)
        assert await store.read(lambda work: work.ledger.held_by(GUILD, USER)) == 30

    async def test_a_hold_is_not_ended_in_two_ways(self, store: SqlStore) -> None:
        await store.write(open_account)
        await store.write(hold, 1)
        await store.write(hold, 2)
        await store.write(lambda work: work.ledger.post(1, now=NOW))
        await store.write(lambda work: work.ledger.void(2, now=NOW))
        with pytest.raises(StoreError, match="already settled by a post"):
            await store.write(lambda work: work.ledger.void(1, now=NOW))
        with pytest.raises(StoreError, match="already settled by a void"):
            await store.write(lambda work: work.ledger.post(2, now=NOW))
        assert await self.balance(store) == Balance(granted=90, used=30)

    async def test_what_was_never_held_cannot_be_settled(self, store: SqlStore) -> None:
        with pytest.raises(StoreError, match="Request 1 holds no credits"):
            await store.write(lambda work: work.ledger.post(1, now=NOW))
        with pytest.raises(StoreError, match="Request 1 holds no credits"):
            await store.write(lambda work: work.ledger.void(1, now=NOW))

    async def test_a_return_goes_to_the_window_it_was_held_in(self, store: SqlStore) -> None:
        following = window_of(Period.WEEK, WINDOW.ends_at)
        await store.write(open_account)
        await store.write(hold, 1)
        await store.write(open_account, 90, USER, following)
        assert await store.read(lambda work: work.ledger.held_by(GUILD, USER)) == COST
        await store.write(lambda work: work.ledger.void(1, now=WINDOW.ends_at))
        assert await self.balance(store) == Balance(granted=90)
        later = await store.read(lambda work: work.ledger.balance(account_of(USER, following).id))
        assert later == Balance(granted=90)

    async def test_the_statement_is_a_members_own_newest_first(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork) -> None:
            open_account(uow)
            open_account(uow, user=USER + 1)
            for number in (1, 2):
                hold(uow, number)
            uow.ledger.post(1, now=NOW)
            uow.ledger.void(2, now=after(5))

        await store.write(unit)
        entries = await store.read(lambda work: work.ledger.entries(GUILD, USER, limit=10))
        assert [(entry.kind, entry.request_id, entry.amount) for entry in entries] == [
            (TransferKind.VOID, 2, 30),
            (TransferKind.POST, 1, 30),
            (TransferKind.PENDING, 2, 30),
            (TransferKind.PENDING, 1, 30),
            (TransferKind.SINGLE, None, 90),
        ]
        assert (entries[0].at, entries[0].reason, entries[-1].reason) == (after(5), "song", "allowance")
        assert await store.read(lambda work: work.ledger.entries(GUILD, USER, limit=1)) == entries[:1]

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE transfers SET amount = 1",
            "DELETE FROM transfers",
            "UPDATE accounts SET debits_pending = 91 WHERE kind = 'member'",
            "UPDATE accounts SET credits_posted = -1",
            "UPDATE members SET active = -1",
            "UPDATE requests SET state = 'lost'",
            "INSERT INTO transfers SELECT 'x', 'post', debit, credit, 1, NULL, 1, '', at FROM transfers",
            "INSERT INTO transfers SELECT 'x', kind, debit, credit, 1, id, 1, '', at FROM transfers",
            "INSERT INTO transfers SELECT 'x', kind, debit, credit, 0, NULL, 1, '', at FROM transfers",
            "INSERT INTO transfers SELECT 'x', kind, debit, 'nobody', 1, NULL, 1, '', at FROM transfers",
        ],
    )
    async def test_the_database_itself_refuses_to_break_the_books(self, store: SqlStore, change: str) -> None:
        def unit(uow: UnitOfWork) -> None:
            assert isinstance(uow, SqlUnitOfWork)
            uow.connection.execute(text(change))

        await store.write(place, 1)
        before = await column(store, "SELECT id FROM transfers ORDER BY id")
        with pytest.raises(StoreError, match="rules"):
            await store.write(unit)
        assert await column(store, "SELECT id FROM transfers ORDER BY id") == before
        assert await ledger_breaches(store) == []
