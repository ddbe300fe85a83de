import asyncio
import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.domain.errors import MediaError
from bot.suno.media import HttpMedia
from bot.suno.media_session import PublicResolver, media_session


class Names(AbstractResolver):
    """A name server with one answer for every name."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[str] = []
        self.is_closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self.addresses
        ]

    async def close(self) -> None:
        self.is_closed = True


async def test_private_addresses_of_a_public_name_are_left_out() -> None:
    names = Names("10.0.0.1", "1.1.1.1", "fe80::1%eth0", "::1", "2606:4700::1111", "nonsense")
    found = await PublicResolver(names, trusted=()).resolve("cdn1.suno.ai", 443)
    assert [entry["host"] for entry in found] == ["1.1.1.1", "2606:4700::1111"]


async def test_a_name_with_private_addresses_only_does_not_resolve() -> None:
    with pytest.raises(OSError, match="no public address"):
        await PublicResolver(Names("127.0.0.1"), trusted=()).resolve("cdn1.suno.ai", 443)


async def test_a_trusted_host_and_port_may_be_private() -> None:
    resolver = PublicResolver(Names("127.0.0.1"), trusted={("files.local", 8081)})
    assert len(await resolver.resolve("Files.local", 8081)) == 1
    with pytest.raises(OSError, match="no public address"):
        await resolver.resolve("files.local", 22)


async def test_a_public_name_that_leads_inside_is_never_connected_to() -> None:
    visitors: list[object] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitors.append(writer.get_extra_info("peername"))
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        link = f"https://cdn1.suno.ai:{server.sockets[0].getsockname()[1]}/a.mp3"
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=Names("127.0.0.1"))
        ) as session:
            with pytest.raises(MediaError):
                await HttpMedia(session).fetch_audio(link, limit=100)
        assert len(visitors) == 1  # an ordinary session does not mind
        async with media_session(resolver=Names("127.0.0.1")) as session:
            with pytest.raises(MediaError):
                await HttpMedia(session).fetch_audio(link, limit=100)
        assert len(visitors) == 1


async def test_the_resolver_is_closed_with_what_it_wraps() -> None:
    names = Names()
    await PublicResolver(names, trusted=()).close()
    assert names.is_closed


async def test_a_session_refuses_a_trusted_origin_that_is_none() -> None:
    with pytest.raises(ValueError, match="not an origin"):
        media_session(["localhost"])


async def test_a_session_keeps_no_cookies_and_asks_for_no_packing() -> None:
    async with media_session() as session:
        assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
        assert session.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "location", ["", "//", "http://[", "https://h:99999/", "\\\\nowhere", "file:///etc/passwd"]
)
async def test_a_redirect_to_nowhere_is_an_error(location: str) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"
        writer.write(head.encode())
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with media_session([origin]) as session:
            with pytest.raises(MediaError):
                await HttpMedia(session, trusted_origins=[origin]).fetch_audio(f"{origin}/a.mp3", limit=100)
