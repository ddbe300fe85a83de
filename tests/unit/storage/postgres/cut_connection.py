"""A proxy to a PostgreSQL server that cuts or swallows the connection at a chosen moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import make_url

COMMIT = b"COMMIT;"
"""As asyncpg says it; transactions begin with READ COMMITTED."""


class CutProxy:
    """A proxy between a client and the server, until it is told to cut or swallow."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._open: set[asyncio.StreamWriter] = set()
        self.cut_before: bytes | None = None
        """The client's bytes before which the connection is cut."""
        self.cut_after: bytes | None = None
        """The client's bytes after which the connection is cut: the server acts, but the answer is lost."""
        self.dead = False
        """Whether everything is swallowed in both directions."""

    async def serve(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        server_in, server_out = await asyncio.open_connection("127.0.0.1", self._server_port)
        ends = {client_out, server_out}
        self._open |= ends
        lost = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._there(client_in, server_out, ends, lost))
                group.create_task(self._back(server_in, client_out, ends, lost))
        finally:
            self._close(ends)

    async def _there(
        self,
        client_in: asyncio.StreamReader,
        server_out: asyncio.StreamWriter,
        ends: set[asyncio.StreamWriter],
        lost: asyncio.Event,
    ) -> None:
        while data := await _read(client_in):
            if self.cut_before is not None and self.cut_before in data:
                break
            if self.cut_after is not None and self.cut_after in data:
                lost.set()
            if not self.dead:
                server_out.write(data)
        self._close(ends)

    async def _back(
        self,
        server_in: asyncio.StreamReader,
        client_out: asyncio.StreamWriter,
        ends: set[asyncio.StreamWriter],
        lost: asyncio.Event,
    ) -> None:
        while data := await _read(server_in):
            if lost.is_set():
                break
            if not self.dead:
                client_out.write(data)
        self._close(ends)

    def _close(self, ends: set[asyncio.StreamWriter]) -> None:
        for end in ends:
            end.close()
        self._open -= ends

    def close_all(self) -> None:
        self._close(set(self._open))


async def _read(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.read(65_536)
    except ConnectionError:
        return b""


@asynccontextmanager
async def proxy_to(url: str) -> AsyncIterator[tuple[CutProxy, str]]:
    """Yield a proxy to the server of the URL, and the URL that leads through it."""
    parsed = make_url(url)
    assert parsed.port is not None
    proxy = CutProxy(parsed.port)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy, parsed.set(port=port).render_as_string(hide_password=False)
    finally:
        proxy.close_all()
        listener.close()
        await listener.wait_closed()
