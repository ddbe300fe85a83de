import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import pytest
from prometheus_client import CollectorRegistry

from bot.domain.caps import CapConfig
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.errors import NotAcceptedError, OutcomeUnknownError
from bot.domain.requests import State
from bot.domain.song_options import SongOptions
from bot.metrics.database_gauges import FRESH_S, DatabaseGauges
from bot.services.unit_of_work import UnitOfWork
from bot.storage.sqlite.store import SqliteStore
from bot.storage.store import open_store
from tests.harness.clock import START, FakeClock
from tests.harness.services import GUILD, PLAYLIST, services_harness

P = ParamSpec("P")
T = TypeVar("T")


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    found = registry.get_sample_value(name, labels)
    assert found is not None, name
    return found


async def test_the_books_are_shown_as_they_are(tmp_path: Path, registry: CollectorRegistry) -> None:
    async with services_harness(tmp_path) as harness:
        harness.provider.submit_answers.append(OutcomeUnknownError("reset"))
        await harness.place()
        await harness.place()
        await harness.submit()
        await DatabaseGauges(harness.store, registry).refresh()
    assert value(registry, "inspire_database_up") == 1
    counts = {state: value(registry, "inspire_requests", state=state.value) for state in State}
    assert counts[State.MAKING] == counts[State.UNCERTAIN] == 1
    assert sum(counts.values()) == 2
    parts = [value(registry, "inspire_credits", part=part) for part in ("granted", "held", "used")]
    assert parts == [90, 30, 0]


def under_caps(registry: CollectorRegistry, cap: str) -> list[float | None]:
    name = "inspire_cap_credits"
    return [registry.get_sample_value(name, {"cap": cap, "part": one}) for one in ("limit", "held", "used")]


async def test_what_is_spent_under_the_caps_is_shown_by_rank(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    caps, later = CapConfig(server=300, total=900), CollectorRegistry()
    async with services_harness(tmp_path, caps=caps) as harness:
        await DatabaseGauges(harness.store, registry, caps=caps).refresh()
        assert under_caps(registry, "all") == [None] * 3
        for number, guild_id in enumerate((GUILD, GUILD + 1, GUILD + 1), 1):
            context = replace(harness.context(number, number), guild_id=guild_id)
            await harness.requests.place(SongOptions(playlist=PLAYLIST), context)
        await harness.services.operator.set_cap(GUILD, 60)
        await DatabaseGauges(harness.store, later, caps=caps).refresh()
        assert [under_caps(later, cap) for cap in ("all", "1", "2")] == [
            [900, 90, 0],
            [300, 60, 0],
            [60, 30, 0],
        ]
        assert under_caps(later, "3") == [None] * 3
        uncapped = CollectorRegistry()
        await DatabaseGauges(harness.store, uncapped).refresh()
        assert [under_caps(uncapped, cap)[0] for cap in ("all", "1", "2")] == [None, None, 60]


async def test_the_books_of_a_server_are_shown_too(postgres_url: str, registry: CollectorRegistry) -> None:
    async with open_store(postgres_url) as store:
        await DatabaseGauges(store, registry).refresh()
    assert value(registry, "inspire_database_up") == 1
    assert value(registry, "inspire_requests", state="waiting") == 0
    assert value(registry, "inspire_credits", part="granted") == 0


def outages(registry: CollectorRegistry) -> set[ProviderOutage]:
    return {kind for kind in ProviderOutage if value(registry, "inspire_provider_outage", kind=kind.value)}


async def test_a_trouble_at_the_provider_is_shown_until_it_is_over(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    async with services_harness(tmp_path) as harness:
        harness.provider.submit_answers.append(NotAcceptedError("503"))
        await harness.place_and_submit()

        def clock() -> float:
            return (harness.clock() - START).total_seconds()

        read = DatabaseGauges(harness.store, registry, clock=clock)
        await read.refresh()
        assert outages(registry) == {ProviderOutage.OUTAGE}
        harness.clock.advance(60)
        await harness.place_and_submit()
        await read.refresh()
        assert outages(registry) == set()


class Elsewhere(SqliteStore):
    """A store whose units of work are not over SQL."""

    def __init__(self) -> None:
        self._clock = FakeClock()

    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return unit(object(), *args, **kwargs)  # type: ignore[arg-type]


async def test_a_store_of_another_kind_is_a_bug(registry: CollectorRegistry) -> None:
    with pytest.raises(TypeError, match="object is no unit of work over SQL"):
        await DatabaseGauges(Elsewhere(), registry).refresh()


async def test_many_readers_cost_the_database_one_read(tmp_path: Path, registry: CollectorRegistry) -> None:
    now = 0.0
    async with services_harness(tmp_path) as harness:
        read = DatabaseGauges(harness.store, registry, clock=lambda: now)
        await harness.place()
        await asyncio.gather(*(read.refresh() for _ in range(5)))
        await harness.place()
        now = FRESH_S - 0.1
        await read.refresh()
        assert value(registry, "inspire_requests", state="waiting") == 1
        now = FRESH_S
        await read.refresh()
        assert value(registry, "inspire_requests", state="waiting") == 2


async def test_what_takes_long_to_count_is_counted_less_often(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    times = iter([0.0, 3.0, 3.0, *[299.0] * 3, *[304.0] * 4])  # the first count takes three seconds
    async with services_harness(tmp_path) as harness:
        read = DatabaseGauges(harness.store, registry, clock=lambda: next(times))
        waiting: list[float] = []
        cancelled: list[float] = []
        for _ in range(3):
            card = await harness.place()
            await harness.requests.cancel(card.request_id, guild_id=GUILD, user_id=card.user_id)
            await harness.place(1 + len(waiting))
            await read.refresh()
            waiting.append(value(registry, "inspire_requests", state="waiting"))
            cancelled.append(value(registry, "inspire_requests", state="cancelled"))
    assert (waiting, cancelled) == ([1, 2, 3], [1, 1, 3])


async def test_a_database_that_is_away_shows_no_old_numbers(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    now = 0.0
    async with services_harness(tmp_path) as harness:
        read = DatabaseGauges(harness.store, registry, clock=lambda: now)
        await harness.place()
        await read.refresh()
        await harness.store.close()
        now = FRESH_S
        await read.refresh()
    assert value(registry, "inspire_database_up") == 0
    assert registry.get_sample_value("inspire_requests", {"state": "waiting"}) is None
    assert registry.get_sample_value("inspire_credits", {"part": "held"}) is None


async def test_a_database_that_hangs_does_not_keep_the_page(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    async with services_harness(tmp_path) as harness:
        await DatabaseGauges(harness.store, registry, within_s=0).refresh()
    assert value(registry, "inspire_database_up") == 0
