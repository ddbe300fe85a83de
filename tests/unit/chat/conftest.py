from collections.abc import AsyncIterator

import discord.gateway
import discord.http
import pytest

from sandbox.discord import LocalDiscord


@pytest.fixture
async def local(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalDiscord]:
    """Yield a local Discord; afterwards discord.py points where it did before."""
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    socket = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(socket, "DEFAULT_GATEWAY", socket.DEFAULT_GATEWAY)
    async with LocalDiscord() as running:
        yield running
        assert running.unimplemented == []
