"""All metrics of one process, and the page that Prometheus scrapes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from discord.ext import commands
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder

from bot.domain.caps import NO_CAPS, CapConfig
from bot.metrics.database_gauges import DatabaseGauges
from bot.metrics.prometheus import PrometheusMetrics
from bot.metrics.response_times import ResponseTimes
from bot.services.unit_of_work import Store
from bot.version import versions

LAG_PERIOD_S = 0.25
"""Seconds between two measurements of the event loop's lag."""
LAG_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class RunningJobs(Protocol):
    """A component that runs jobs."""

    @property
    def name(self) -> str:
        """Return its name."""
        ...

    @property
    def running(self) -> int:
        """Return the number of running jobs."""
        ...


class DiscordCalls(Protocol):
    """The component that makes the calls to Discord with the bot's token."""

    on_given_up: Callable[[], None]
    """Called for each call that was given up."""

    @property
    def in_flight(self) -> int:
        """Return the number of calls that are running or wait for a rate limit."""
        ...


class MetricsRegistry:
    """The metrics of one process; `for_services` is the part for the services."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self.for_services = PrometheusMetrics(self._registry)
        Info("inspire_build", "What this process runs.", registry=self._registry).info(versions())
        self._lag_s = Histogram(
            "inspire_event_loop_lag_seconds",
            "How much later than it should the event loop wakes a task.",
            buckets=LAG_BUCKETS_S,
            registry=self._registry,
        )
        self._unreadable = Counter(
            "inspire_discord_events_unreadable",
            "Events of Discord's gateway that could not be read, by their type.",
            ["event"],
            registry=self._registry,
        )
        for event in ("GUILD_CREATE", "INTERACTION_CREATE"):  # a rate misses the event that makes a counter
            self._unreadable.labels(event)
        self._database: DatabaseGauges | None = None

    def watch_answers(self, client: commands.AutoShardedBot) -> None:
        """Measure how long members wait for an answer; call it before the client logs in."""
        ResponseTimes(self._registry).attach(client)

    def unreadable_event(self, event: str) -> None:
        """Count an event of Discord's gateway that could not be read."""
        self._unreadable.labels(event).inc()

    def watch_calls(self, calls: DiscordCalls) -> None:
        """Expose the pending calls with the bot's token, and those that were given up."""
        waiting = Gauge(
            "inspire_discord_calls",
            "Calls by the bot's token that are being made or wait for a rate limit.",
            registry=self._registry,
        )
        waiting.set_function(lambda: calls.in_flight)
        given_up = Counter(
            "inspire_discord_calls_given_up",
            "Calls by the bot's token that did not come through in time.",
            registry=self._registry,
        )
        calls.on_given_up = given_up.inc

    def watch_database(self, store: Store, caps: CapConfig = NO_CAPS) -> None:
        """Expose the gauges of the database."""
        self._database = DatabaseGauges(store, self._registry, caps=caps)

    def watch_workers(self, workers: Iterable[RunningJobs]) -> None:
        """Expose the number of running jobs of each worker."""
        gauge = Gauge(
            "inspire_worker_running",
            "Pieces of work that a worker is doing.",
            ["worker"],
            registry=self._registry,
        )
        for worker in workers:
            gauge.labels(worker.name).set_function(_running_jobs(worker))

    def watch_disk(self, free_bytes: Callable[[], int | None]) -> None:
        """Expose the room that the database's file has, if it is on a disk of this machine."""
        if free_bytes() is None:
            return
        gauge = Gauge(
            "inspire_disk_free_bytes", "Bytes that are free on the database's disk.", registry=self._registry
        )
        gauge.set_function(lambda: found if (found := free_bytes()) is not None else float("nan"))

    async def watch_loop(
        self,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Measure the event loop's lag until cancelled."""
        while True:
            began = clock()
            await sleep(LAG_PERIOD_S)
            self._lag_s.observe(max(0.0, clock() - began - LAG_PERIOD_S))

    async def page(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics in the Prometheus format for the Accept header, and the content type."""
        if self._database is not None:
            await self._database.refresh()
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


def _running_jobs(worker: RunningJobs) -> Callable[[], float]:
    return lambda: worker.running
