"""The connection for notifications and the time of a store on PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import StoreError
from bot.domain.retry_policy import RetryPolicy
from bot.services.ports import WorkQueue
from bot.storage.postgres.notifier import CHANNEL
from bot.storage.store import open_store
from bot.storage.timings import StorageTimings
from tests.harness.databases import ahead_url, execute, set_server_ahead
from tests.unit.storage.factories import placed
from tests.unit.storage.postgres.cut_connection import proxy_to


class TestListening:
    async def test_a_listener_that_hears_nothing_because_the_line_is_dead_is_replaced(
        self, postgres_url: str
    ) -> None:
        reconnects = RetryPolicy(first_s=0.01, max_s=0.01)
        timings = StorageTimings(answer_s=2.0, connect_s=2.0, clock_s=0.02, reconnects=reconnects)
        heard = asyncio.Event()
        async with proxy_to(postgres_url) as (proxy, url), open_store(url, timings) as store:
            proxy.dead = True
            store.subscribe(WorkQueue.OUTBOX, heard.set)
            with pytest.raises(StoreError, match="does not answer"):
                await placed(store, 1)
            assert not heard.is_set()
            proxy.dead = False
            async with asyncio.timeout(20):
                await heard.wait()

    @pytest.mark.parametrize("statement", [f"NOTIFY {CHANNEL}", f"NOTIFY {CHANNEL}, 'outbox,letters'"])
    async def test_a_notification_by_another_version_wakes_all_queues(
        self, postgres_url: str, statement: str
    ) -> None:
        async with open_store(postgres_url) as store, asyncio.timeout(20):
            heard = {queue: asyncio.Event() for queue in WorkQueue}
            for queue, event in heard.items():
                store.subscribe(queue, event.set)
            execute(postgres_url, statement)
            for event in heard.values():
                await event.wait()

    async def test_a_server_that_is_lost_at_once_cannot_be_used(self, postgres_url: str) -> None:
        async with proxy_to(postgres_url) as (proxy, url):
            proxy.cut_before = b"clock_timestamp"
            with pytest.raises(StoreError, match="was lost: see that its server runs"):
                async with open_store(url):
                    pass


class TestClock:
    @pytest.fixture
    def ahead(self, postgres_url: str) -> str:
        """Let the program take the server's time to be an hour ahead."""
        set_server_ahead(postgres_url, 3600)
        return ahead_url(postgres_url)

    async def test_a_store_tells_its_servers_time(self, ahead: str) -> None:
        async with open_store(ahead) as store:
            off = store.clock() - datetime.now(UTC)
            assert timedelta(minutes=50) < off < timedelta(minutes=70)
            assert store.clock().tzinfo is UTC

    async def test_the_time_is_asked_again_and_again(self, ahead: str) -> None:
        async with open_store(ahead, StorageTimings(clock_s=0.02)) as store:
            set_server_ahead(ahead, 3 * 3600)
            async with asyncio.timeout(20):
                while store.clock() - datetime.now(UTC) < timedelta(hours=2):
                    await placed(store)  # as a program that goes on meanwhile

    async def test_a_server_cannot_be_given_a_clock(self, postgres_url: str) -> None:
        with pytest.raises(StoreError, match="has a clock of its own"):
            open_store(postgres_url, clock=lambda: datetime.now(UTC))
