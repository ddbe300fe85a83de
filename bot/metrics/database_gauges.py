"""Gauges of the database's contents, read on each scrape, but at most every few seconds."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import Connection

from bot.domain.caps import NO_CAPS, CapConfig, CapUse
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.errors import StoreError
from bot.domain.requests import State
from bot.services.credits.caps import largest_uses
from bot.services.operator import PENDING
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads
from bot.storage.ledger_audit import Totals, count_by_state, totals
from bot.storage.unit_of_work import SqlUnitOfWork

log = logging.getLogger(__name__)

FRESH_S = 5.0
"""Seconds for which values are reused, so that the load does not grow with the number of scrapers."""
TOTALS_SHARE = 0.01
"""The share of the time in which all requests and credits are counted: in a large database, less often."""
READ_TIMEOUT_S = 2.0
"""Seconds that the database has to answer; the scrape does not wait longer."""


class DatabaseGauges:
    """Gauges of requests, credits and the provider's outage; without values while the database fails."""

    def __init__(
        self,
        store: Store,
        registry: CollectorRegistry,
        *,
        caps: CapConfig = NO_CAPS,
        clock: Callable[[], float] = time.monotonic,
        within_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._store = store
        self._caps = caps
        self._clock = clock
        self._within_s = within_s
        self._read_at: float | None = None
        self._count_at = 0.0
        """When all requests and credits are counted next."""
        self._reading = asyncio.Lock()
        self._up = Gauge("inspire_database_up", "1 while the database answers, else 0.", registry=registry)
        self._requests = Gauge(
            "inspire_requests", "Requests in the database, by state.", ["state"], registry=registry
        )
        self._credits = Gauge(
            "inspire_credits",
            "Credits of all members and periods together: granted, held and used.",
            ["part"],
            registry=registry,
        )
        self._cap_credits = Gauge(
            "inspire_cap_credits",
            "Credits of this period under the cap on all servers, and under those of the servers that spend "
            "most, by rank: the limit, held and used.",
            ["cap", "part"],
            registry=registry,
        )
        self._outage = Gauge(
            "inspire_provider_outage",
            "1 for the outage that the last submission met at the provider, else 0.",
            ["kind"],
            registry=registry,
        )

    async def refresh(self) -> None:
        """Update the gauges if they are older than `FRESH_S`; never raise if the database fails."""
        async with self._reading:
            if self._read_at is not None and self._clock() - self._read_at < FRESH_S:
                return
            try:
                async with asyncio.timeout(self._within_s):
                    await self._read_current()
            except (StoreError, TimeoutError):
                self._clear()
            else:
                await self._count_all()
            self._read_at = self._clock()

    async def _read_current(self) -> None:
        pending, outage, uses = await self._store.read(_current, self._caps, self._store.clock())
        self._up.set(1)
        for state in PENDING:
            self._requests.labels(state.value).set(pending.get(state, 0))
        for kind in ProviderOutage:
            self._outage.labels(kind.value).set(kind is outage)
        self._show_caps(uses)

    async def _count_all(self) -> None:
        """Count what grows with every song, unless that was done lately; keep the old values if it fails."""
        began_s = self._clock()
        if began_s < self._count_at:
            return
        try:
            async with asyncio.timeout(self._within_s):
                self._show_totals(await self._store.read(_totals))
        except (StoreError, TimeoutError) as error:
            log.warning("all requests and credits could not be counted for the metrics: %s", error)
        ended_s = self._clock()
        self._count_at = ended_s + (ended_s - began_s) / TOTALS_SHARE

    def _show_totals(self, sums: Totals) -> None:
        for state in set(State) - set(PENDING):
            self._requests.labels(state.value).set(sums.requests.get(state, 0))
        for part, amount in {"granted": sums.granted, "held": sums.held, "used": sums.used}.items():
            self._credits.labels(part).set(amount)

    def _show_caps(self, uses: Mapping[str, CapUse]) -> None:
        self._cap_credits.clear()  # a rank may be free now
        for cap, use in uses.items():
            for part, amount in {"limit": use.limit, "held": use.held, "used": use.used}.items():
                self._cap_credits.labels(cap, part).set(amount)

    def _clear(self) -> None:
        """Clear the gauges: old values would look like current ones."""
        self._up.set(0)
        self._count_at = 0.0
        for gauge in (self._requests, self._credits, self._cap_credits, self._outage):
            gauge.clear()


def _current(
    uow: UnitOfWork, caps: CapConfig, now: datetime
) -> tuple[Mapping[State, int], ProviderOutage | None, Mapping[str, CapUse]]:
    pending = count_by_state(_connection(uow), PENDING)
    breaker = uow.breakers.get()
    return pending, breaker.outage if breaker else None, largest_uses(uow, caps, now)


@reads(Share.REPORTS)
def _totals(uow: UnitOfWork) -> Totals:
    return totals(_connection(uow))


def _connection(uow: UnitOfWork) -> Connection:
    if not isinstance(uow, SqlUnitOfWork):
        raise TypeError(f"{type(uow).__name__} is no unit of work over SQL")
    return uow.connection
