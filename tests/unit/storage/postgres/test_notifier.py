"""The connection for notifications and the time of a store on PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import StoreError
from bot.domain.retry_policy import RetryPolicy
from bot.services.ports import WorkQueue
from bot.storage.postgres.notifier import CHANNEL
from bot.storage.store import open_store
from tests.harness.databases import execute
from tests.unit.storage.factories import placed
from tests.unit.storage.postgres.cut_connection import line_to


class TestListening:
    async def test_an_ear_that_hears_nothing_because_the_line_is_dead_is_replaced(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.storage.postgres.engine.ANSWER_TIMEOUT_S", 0.2)
        monkeypatch.setattr("bot.storage.postgres.engine.CONNECT_TIMEOUT_S", 0.2)
        monkeypatch.setattr("bot.storage.postgres.notifier.CLOCK_S", 0.02)
        monkeypatch.setattr("bot.storage.postgres.notifier.RECONNECTS", RetryPolicy(first_s=0.01, max_s=0.01))
        heard = asyncio.Event()
        async with line_to(postgres_url) as (line, url), open_store(url) as store:
            line.dead = True
            store.subscribe(WorkQueue.OUTBOX, heard.set)
            with pytest.raises(StoreError, match="does not answer"):
                await placed(store, 1)
            assert not heard.is_set()
            line.dead = False
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
        async with line_to(postgres_url) as (line, url):
            line.cut_before = b"clock_timestamp"
            with pytest.raises(StoreError, match="was lost: see that its server runs"):
                async with open_store(url):
                    pass


class TestClock:
    @pytest.fixture
    def ahead(self, postgres_url: str) -> str:
        """Let the program take the server's time to be an hour ahead."""
        self.set_ahead(postgres_url, hours=1)
        return f"{postgres_url}?search_path=public,pg_catalog"

    def set_ahead(self, url: str, *, hours: int) -> None:
        execute(
            url,
            "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            f"$$ SELECT pg_catalog.clock_timestamp() + interval '{hours} hours' $$",
        )

    async def test_a_store_tells_its_servers_time(self, ahead: str) -> None:
        async with open_store(ahead) as store:
            off = store.clock() - datetime.now(UTC)
            assert timedelta(minutes=50) < off < timedelta(minutes=70)
            assert store.clock().tzinfo is UTC

    async def test_the_time_is_asked_again_and_again(
        self, ahead: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.storage.postgres.notifier.CLOCK_S", 0.02)
        async with open_store(ahead) as store:
            self.set_ahead(ahead, hours=3)
            async with asyncio.timeout(20):
                while store.clock() - datetime.now(UTC) < timedelta(hours=2):
                    await placed(store)  # as a program that goes on meanwhile

    async def test_a_server_cannot_be_given_a_clock(self, postgres_url: str) -> None:
        with pytest.raises(StoreError, match="has a clock of its own"):
            open_store(postgres_url, clock=lambda: datetime.now(UTC))
