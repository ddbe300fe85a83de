from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from sandbox.cqtai import Terms
from sandbox.discord.limits import Limits
from sandbox.discord.payloads import Payload, as_payload, entries
from sandbox.page import Page
from sandbox.page.seed import seed
from sandbox.world import World

HASTY = Limits(interaction_deadline_s=0.1)


@dataclass
class Visit:
    """A page's WebSocket, driven by the test."""

    socket: aiohttp.ClientWebSocketResponse
    heard: list[Payload] = field(default_factory=list)
    asked: int = 0

    async def ask(self, act: str, **details: object) -> Payload:
        """Send a request and return its answer; other messages are kept."""
        self.asked += 1
        await self.socket.send_json({"id": self.asked, "do": act, **details})
        while True:
            said = as_payload(await self.socket.receive_json(timeout=30))
            if said["type"] == "reply" and said["id"] == self.asked:
                return said
            self.heard.append(said)

    async def told(self, kind: str) -> Payload:
        """Return the next message of that kind."""
        while True:
            said = as_payload(await self.socket.receive_json(timeout=30))
            if said["type"] == kind:
                return said

    def last(self, kind: str) -> Payload:
        """Return the last message of that kind."""
        return next(said for said in reversed(self.heard) if said["type"] == kind)

    @property
    def messages(self) -> list[str]:
        """Return the words of all messages that were there at the beginning."""
        return [str(one["content"]) for one in entries(self.last("history"), "messages")]


@dataclass
class PageClientHarness:
    """A world without a bot, its page, and a client that is no browser."""

    world: World
    page: Page
    client: aiohttp.ClientSession

    @property
    def origin(self) -> str:
        """Return the page's origin."""
        return self.page.address.rsplit("/", 2)[0]

    @asynccontextmanager
    async def visit(self, name: str) -> AsyncIterator[Visit]:
        """Connect as a page that is this person."""
        headers = {"Origin": self.origin}
        async with self.client.ws_connect(f"{self.page.address}live", headers=headers) as socket:
            visit = Visit(socket)
            await visit.ask("be", name=name)
            yield visit


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[PageClientHarness]:
    async with (
        World(tmp_path, terms=Terms(audio_s=1.0), limits=HASTY) as world,
        Page(world, port=0) as page,
        aiohttp.ClientSession() as client,
    ):
        await seed(world.discord)
        yield PageClientHarness(world, page, client)
