"""HTTP sessions that connect only to public addresses and trusted origins."""

import socket
from collections.abc import Collection

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.suno.links import is_public_address, read_address, read_origins

CONNECTIONS = 8
"""Concurrent downloads."""
CONNECT_S = 10.0
"""Seconds to open a connection, without the wait for a free slot."""


class PublicResolver(AbstractResolver):
    """A resolver that filters out private addresses, so that a public name cannot lead to one.

    aiohttp connects to the addresses that are checked here, which prevents DNS rebinding.
    """

    def __init__(self, inner: AbstractResolver, *, trusted: Collection[tuple[str, int]]) -> None:
        self._inner = inner
        self._trusted = frozenset(trusted)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the host's public addresses, or all of them if the host and port are trusted.

        Raises:
            OSError: it has no such address.
        """
        found = await self._inner.resolve(host, port, family)
        if (host.lower(), port) in self._trusted:
            return found
        public = [entry for entry in found if _is_public(entry)]
        if not public:
            raise OSError("the name has no public address")
        return public

    async def close(self) -> None:
        """Close the inner resolver."""
        await self._inner.close()


def media_session(
    trusted_origins: Collection[str] = (), *, resolver: AbstractResolver | None = None
) -> aiohttp.ClientSession:
    """Create a session for links from untrusted sources; the caller closes it.

    Raises:
        ValueError: a trusted origin is malformed.
    """
    trusted = {(origin.host, origin.port) for origin in read_origins(trusted_origins)}
    connector = aiohttp.TCPConnector(
        limit=CONNECTIONS,
        resolver=PublicResolver(resolver or aiohttp.DefaultResolver(), trusted=trusted),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # The length of a compressed body differs from the file's, which is limited.
        headers={"Accept-Encoding": "identity"},
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
    )


def _is_public(entry: ResolveResult) -> bool:
    address = read_address(entry["host"])
    return address is not None and is_public_address(address)
