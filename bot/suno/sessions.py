"""A session that connects to the public internet and to trusted origins, and to nothing else."""

import socket
from collections.abc import Collection

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.suno.links import is_public_address, read_address, read_origins

CONNECTIONS = 8
"""Files that are fetched at once."""
CONNECT_S = 10.0
"""Seconds to open a connection, without the wait for a free one."""


class PublicResolver(AbstractResolver):
    """A resolver that leaves out private addresses, so that a public name can't lead to one.

    The address that is checked here is the one that is connected to: a name that changes its address between
    a check and the connection (DNS rebinding) gains nothing.
    """

    def __init__(self, inner: AbstractResolver, *, trusted: Collection[tuple[str, int]]) -> None:
        self._inner = inner
        self._trusted = frozenset(trusted)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The host's addresses, without the private ones unless the host and port are trusted.

        Raises:
            OSError: it has none.
        """
        found = await self._inner.resolve(host, port, family)
        if (host.lower(), port) in self._trusted:
            return found
        public = [entry for entry in found if _leads_outside(entry)]
        if not public:
            raise OSError("the name has no public address")
        return public

    async def close(self) -> None:
        """Nothing is held any more."""
        await self._inner.close()


def media_session(
    trusted_origins: Collection[str] = (), *, resolver: AbstractResolver | None = None
) -> aiohttp.ClientSession:
    """A session for links that strangers chose; whoever opens it closes it.

    Raises:
        ValueError: a trusted origin is not one.
    """
    trusted = {(origin.host, origin.port) for origin in read_origins(trusted_origins)}
    connector = aiohttp.TCPConnector(
        limit=CONNECTIONS,
        resolver=PublicResolver(resolver or aiohttp.DefaultResolver(), trusted=trusted),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # A packed file would have another length than the one that is announced and bounded.
        headers={"Accept-Encoding": "identity"},
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
    )


def _leads_outside(entry: ResolveResult) -> bool:
    address = read_address(entry["host"])
    return address is not None and is_public_address(address)
