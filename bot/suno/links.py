"""Checks of the links that are shown to members and fetched: only public hosts and trusted origins."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from yarl import URL

LINK_LENGTH = 2048
"""Characters; Discord accepts no longer link in an embed."""
LIVE_STREAM_HOST = "audiopipe"
"""The subdomain of Suno's live streams, which end early."""

_UNSAFE = re.compile(r"[\s\\<>\"\x00-\x1f\x7f]")
_LOCAL_NAMES = ("localhost", "local", "internal", "lan", "home.arpa")
_NO_FILE = re.compile(r"/api/forbidden$|/(none|null|undefined)(\.\w+)?$", re.IGNORECASE)
_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST_6 = IPv6Network("2000::/3")
_DOCUMENTATION_6 = IPv6Network("3fff::/20")
_PROTOCOL_4 = IPv4Network("192.0.0.0/24")
"""Reserved by RFC 6890; some clouds serve machine metadata there."""


class Origin(NamedTuple):
    """The origin of a link."""

    scheme: str
    host: str
    port: int


def read_link(url: str) -> URL | None:
    """Parse a link without changing it; return None if it is not a usable one."""
    url = url.strip()
    if not url or len(url) > LINK_LENGTH or _UNSAFE.search(url):
        return None
    try:
        # An encoded link stays unchanged, because a signature may cover it.
        link = URL(url, encoded=url.isascii())
        is_usable = link.absolute and bool(link.host) and link.port is not None
    except ValueError:
        return None
    return link if is_usable and link.user is None and link.password is None else None


def origin_of(link: URL) -> Origin:
    """Return the link's origin, in lower case."""
    return Origin(link.scheme.lower(), (link.host or "").lower(), link.port or 0)


def read_origins(texts: Iterable[str]) -> frozenset[Origin]:
    """Parse origins such as https://host:port.

    Raises:
        ValueError: one of the texts is no origin.
    """
    links = {text: read_link(text) for text in texts}
    for text, link in links.items():
        if link is None or link.scheme not in {"http", "https"}:
            raise ValueError(f"not an origin such as https://host:port: {text!r}")
    return frozenset(origin_of(link) for link in links.values() if link is not None)


def is_live_stream(url: str) -> bool:
    """Return True if the link leads to the live stream of an unfinished clip."""
    link = read_link(url)
    return link is not None and LIVE_STREAM_HOST in (link.host or "").lower().split(".")


def is_placeholder(link: URL) -> bool:
    """Return True for the placeholder links that Suno gives if it has no file."""
    return bool(_NO_FILE.search(link.path.rstrip("/")))


def is_public(host: str) -> bool:
    """Return True if the host can be public; the addresses of a name are checked by `PublicResolver`."""
    host = host.lower().rstrip(".")
    address = read_address(host)
    if address is not None:
        return is_public_address(address)
    *_, last = labels = host.split(".")
    if len(labels) < 2 or re.fullmatch(
        r"\d+|0x[0-9a-f]*", last
    ):  # an IPv4 address in a short, octal or hexadecimal form
        return False
    return not any(host == name or host.endswith(f".{name}") for name in _LOCAL_NAMES)


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an IP address; return None if the text is none."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def is_public_address(address: IPv4Address | IPv6Address) -> bool:
    """Return True for a public address; an embedded IPv4 address decides if there is one."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and address not in _PROTOCOL_4
    if address.ipv4_mapped is not None:
        return is_public_address(address.ipv4_mapped)
    if address in _NAT64:
        return is_public_address(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address.sixtofour is not None or address.teredo is not None:
        return False
    return address in _UNICAST_6 and address.is_global and address not in _DOCUMENTATION_6
