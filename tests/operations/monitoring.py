"""Clients of a running bot's HTTP server, as Prometheus and an orchestrator are."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.harness.bot import LONG_S

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Monitor:
    """A client of one bot's HTTP server."""

    session: aiohttp.ClientSession
    port: int

    async def get(self, path: str) -> tuple[int, str]:
        """Status and text of what the address answers."""
        async with self.session.get(f"http://127.0.0.1:{self.port}{path}") as reply:
            return reply.status, await reply.text()

    async def samples(self) -> Samples:
        """All metrics, by name and labels."""
        status, page = await self.get("/metrics")
        assert status == 200
        families = text_string_to_metric_families(page)
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }

    async def value(self, name: str, **labels: str) -> float | None:
        """One metric, if it is there."""
        return (await self.samples()).get((name, tuple(sorted(labels.items()))))

    async def until(self, path: str, right: Callable[[int, str], bool]) -> str:
        """The answer, as soon as it is right."""
        async with asyncio.timeout(LONG_S):
            while True:
                status, text = await self.get(path)
                if right(status, text):
                    return text
                await asyncio.sleep(0.02)


@asynccontextmanager
async def watching(port: int) -> AsyncIterator[Monitor]:
    """Yield a client of the bot at the port."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LONG_S)) as session:
        yield Monitor(session, port)
