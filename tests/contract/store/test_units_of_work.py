"""The contract of every store for units of work."""

import asyncio

import pytest
from sqlalchemy.util import await_only

from bot.domain.circuit_breaker import CircuitBreaker, ProviderOutage
from bot.domain.errors import ActiveLimitError, CooldownError, StoreError
from bot.domain.polling import DurationStats
from bot.services.unit_of_work import Share, UnitOfWork, reads
from bot.storage.store import SqlStore
from tests.contract.store.factories import connected
from tests.harness.databases import ledger_breaches
from tests.unit.storage.databases import column
from tests.unit.storage.factories import GUILD, USER, add, after, place, placed, submit


def put(uow: UnitOfWork, value: str) -> None:
    uow.key_values.put("key", value)


def keep(uow: UnitOfWork, durations: DurationStats) -> None:
    uow.durations.put("v55", durations)


def learn(uow: UnitOfWork, breaker: CircuitBreaker) -> None:
    uow.breakers.put(breaker)


class TestUnits:
    async def test_what_a_unit_did_is_there_for_all_once_it_is_answered(self, store: SqlStore) -> None:
        await store.write(lambda work: work.key_values.put("key", "value"))
        assert await store.read(lambda work: work.key_values.get("key")) == "value"

    async def test_a_unit_that_raises_leaves_nothing_and_its_error_reaches_the_caller(
        self, store: SqlStore
    ) -> None:
        error = LookupError("mine")

        def unit(uow: UnitOfWork) -> None:
            add(uow, 1)
            uow.key_values.put("key", "value")
            raise error

        with pytest.raises(LookupError) as caught:
            await store.write(unit)
        assert caught.value is error
        assert await store.read(lambda work: (work.requests.find(1), work.key_values.get("key"))) == (
            None,
            None,
        )

    async def test_units_that_fail_do_not_disturb_those_beside_them(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork, number: int) -> int:
            add(uow, number)
            if number % 3 == 0:
                raise KeyError(number)
            return number

        outcomes = await asyncio.gather(
            *(store.write(unit, number) for number in range(1, 100)), return_exceptions=True
        )
        kept = [number for number in range(1, 100) if number % 3]
        assert [outcome for outcome in outcomes if isinstance(outcome, int)] == kept
        assert await column(store, "SELECT id FROM requests ORDER BY id") == kept

    async def test_a_unit_that_stops_an_iteration_is_an_error_like_any_other(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork) -> None:
            raise StopIteration

        for run in (store.read, store.write):
            with pytest.raises(RuntimeError, match="StopIteration"):
                await run(unit)

    async def test_a_caller_that_went_away_stops_nothing(self, store: SqlStore) -> None:
        calls = [asyncio.create_task(store.write(add, number)) for number in range(1, 20)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        async with asyncio.timeout(20):
            while await column(store, "SELECT count(*) FROM requests") != [19]:
                pass

    async def test_a_breach_of_the_databases_rules_is_a_store_error(self, store: SqlStore) -> None:
        await placed(store, 1)
        with pytest.raises(StoreError, match="rules"):
            await placed(store, 1)

    async def test_a_reading_unit_cannot_write(self, store: SqlStore) -> None:
        with pytest.raises(StoreError):
            await store.read(lambda work: work.key_values.put("key", "value"))
        assert await store.read(lambda work: work.key_values.get("key")) is None


class TestMembers:
    async def take(self, store: SqlStore, *, limit: int = 2, cooldown_s: int = 0, at_s: float = 0) -> None:
        await store.write(
            lambda work: work.members.add_active_request(
                GUILD, USER, limit=limit, cooldown_s=cooldown_s, now=after(at_s)
            )
        )

    async def test_as_many_requests_as_allowed_are_under_way(self, store: SqlStore) -> None:
        outcomes = await asyncio.gather(*(self.take(store) for _ in range(20)), return_exceptions=True)
        refusals = [outcome for outcome in outcomes if outcome is not None]
        assert len(refusals) == 18
        assert {getattr(refusal, "limit", None) for refusal in refusals} == {2}
        assert all(isinstance(refusal, ActiveLimitError) for refusal in refusals)
        await store.write(lambda work: work.members.remove_active_request(GUILD, USER))
        await self.take(store)

    async def test_the_next_request_waits_for_the_cool_down(self, store: SqlStore) -> None:
        await self.take(store, cooldown_s=60)
        with pytest.raises(CooldownError) as refused:
            await self.take(store, cooldown_s=60, at_s=59)
        assert refused.value.until == after(60)
        with pytest.raises(CooldownError):
            await self.take(store, cooldown_s=60, at_s=-60)
        await self.take(store, cooldown_s=60, at_s=60)
        await self.take(store, limit=3, cooldown_s=60, at_s=-3600)  # the clock was set back

    async def test_without_a_cool_down_a_clock_that_is_behind_does_not_matter(self, store: SqlStore) -> None:
        await self.take(store)
        await self.take(store, at_s=-5)

    async def test_no_request_is_counted_off_that_was_never_counted(self, store: SqlStore) -> None:
        for _ in range(2):
            with pytest.raises(StoreError, match="no active request"):
                await store.write(lambda work: work.members.remove_active_request(GUILD, USER))


class TestFacts:
    async def test_the_last_value_of_a_memo_is_remembered(self, store: SqlStore) -> None:
        for value in ("one", "two"):
            await store.write(put, value)
        assert await store.read(lambda work: work.key_values.get("key")) == "two"

    async def test_durations_are_kept_by_model(self, store: SqlStore) -> None:
        assert await store.read(lambda work: work.durations.get("v55")) == DurationStats()
        durations = DurationStats()
        for seconds in (80.0, 120.5):
            durations = durations.with_song(seconds)
            await store.write(keep, durations)
        assert await store.read(lambda work: (work.durations.get("v55"), work.durations.get("v40"))) == (
            durations,
            DurationStats(),
        )


class TestCircuitBreaker:
    async def test_what_was_learned_last_of_the_provider_is_remembered(self, store: SqlStore) -> None:
        assert await store.read(lambda work: work.breakers.get()) is None
        for breaker in (
            CircuitBreaker(3),
            CircuitBreaker(2, ProviderOutage.BUSY, failures=4, open_until=after(60)),
        ):
            await store.write(learn, breaker)
            assert await store.read(lambda work: work.breakers.get()) == breaker


class TestAudit:
    async def test_the_books_are_right_after_whole_lives(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork, number: int) -> None:
            request = place(uow, number, user=USER + number)
            if number % 2:
                submit(uow, request)

        for number in range(1, 5):
            await store.write(unit, number)
        assert await ledger_breaches(store) == []


class TestShares:
    async def test_reports_and_workers_keep_no_answer_to_a_member_waiting(self, store: SqlStore) -> None:
        opened, loop = asyncio.Event(), asyncio.get_running_loop()

        def blocked(uow: UnitOfWork) -> None:
            if connected(uow).connection.dialect.name == "postgresql":
                await_only(opened.wait())
            else:
                asyncio.run_coroutine_threadsafe(opened.wait(), loop).result()

        slow = [reads(share)(blocked) for share in (Share.REPORTS, Share.WORKERS) for _ in range(20)]
        waiting = [asyncio.create_task(store.read(unit)) for unit in slow]
        await asyncio.sleep(0)
        assert await store.read(lambda work: work.key_values.get("nothing")) is None
        opened.set()
        await asyncio.gather(*waiting)
