import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.config import Settings
from bot.healthcheck import main, problem
from tests.operations.monitoring import free_port


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@asynccontextmanager
async def answering(host: str, *, status: int = 200, text: str = "ok") -> AsyncIterator[int]:
    """The port of something that answers `/healthz` with this, and nothing else."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text)

    app = web.Application()
    app.router.add_get("/healthz", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, host, port).start()
    yield port
    await runner.cleanup()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        *(
            pytest.param(host, marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6"))
            for host in ("::", "::1")
        ),
    ],
)
async def test_a_bot_that_is_well_is_found_wherever_it_listens(host: str) -> None:
    async with answering(host) as port:
        assert await asyncio.to_thread(problem, host, port) is None


async def test_what_hangs_is_told() -> None:
    async with answering("127.0.0.1", status=503, text="submitter hangs") as port:
        assert await asyncio.to_thread(problem, "127.0.0.1", port) == "submitter hangs"


async def test_a_bot_that_is_not_there_is_told() -> None:
    port = free_port()
    assert problem("127.0.0.1", port) == f"no answer on port {port} of 127.0.0.1 (ConnectionRefusedError)"


def test_a_bot_that_does_not_answer_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert "(TimeoutError)" in (problem("127.0.0.1", mute.getsockname()[1], within_s=0.1) or "")


async def test_what_speaks_no_http_is_not_the_bot() -> None:
    async def shout(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\r\n")
        writer.close()

    async with await asyncio.start_server(shout, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert "(BadStatusLine)" in (await asyncio.to_thread(problem, "127.0.0.1", port) or "")


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DISCORD_TOKEN", "token-1234")
    monkeypatch.setenv("CQTAI_API_KEY", "key-1234")


@pytest.mark.usefixtures("settled")
def test_without_a_port_nothing_is_known_to_be_wrong() -> None:
    assert main() is None


@pytest.mark.usefixtures("settled")
def test_the_port_of_the_settings_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PORT", str(free_port()))
    assert "no answer" in (main() or "")


@pytest.mark.usefixtures("settled")
def test_settings_that_are_wrong_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PORT", "many")
    assert "HTTP_PORT" in (main() or "")
