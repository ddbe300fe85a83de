"""Which links may be shown to members and fetched: public files, and what a trusted origin has."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from yarl import URL

LINK_LENGTH = 2048
"""Characters; Discord takes no longer link in an embed."""
LIVE_STREAM_HOST = "audiopipe"
"""Suno's host of live streams, which end early; it stands before the domain."""

_UNSAFE = re.compile(r"[\s\\<>\"\x00-\x1f\x7f]")
_LOCAL_NAMES = ("localhost", "local", "internal", "lan", "home.arpa")
_NO_FILE = re.compile(r"/api/forbidden$|/(none|null|undefined)(\.\w+)?$", re.IGNORECASE)
_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST_6 = IPv6Network("2000::/3")
_DOCUMENTATION_6 = IPv6Network("3fff::/20")
_PROTOCOL_4 = IPv4Network("192.0.0.0/24")
"""Set aside by RFC 6890; a cloud keeps its machines' secrets there."""


class Origin(NamedTuple):
    """Where a link leads, without what it leads to."""

    scheme: str
    host: str
    port: int


def read_link(url: str) -> URL | None:
    """The link, exactly as it was given, or None when it is not one."""
    url = url.strip()
    if not url or len(url) > LINK_LENGTH or _UNSAFE.search(url):
        return None
    try:
        # An encoded link stays untouched, for a signature may cover it.
        link = URL(url, encoded=url.isascii())
        usable = link.absolute and bool(link.host) and link.port is not None
    except ValueError:
        return None
    return link if usable and link.user is None and link.password is None else None


def origin_of(link: URL) -> Origin:
    """The link's origin, in lower case."""
    return Origin(link.scheme.lower(), (link.host or "").lower(), link.port or 0)


def read_origins(texts: Iterable[str]) -> frozenset[Origin]:
    """The origins that the texts name.

    Raises:
        ValueError: one of them is no origin.
    """
    links = {text: read_link(text) for text in texts}
    for text, link in links.items():
        if link is None or link.scheme not in {"http", "https"}:
            raise ValueError(f"not an origin such as https://host:port: {text!r}")
    return frozenset(origin_of(link) for link in links.values() if link is not None)


def is_live_stream(url: str) -> bool:
    """True when the link leads to a clip that is still being made."""
    link = read_link(url)
    return link is not None and LIVE_STREAM_HOST in (link.host or "").lower().split(".")


def leads_nowhere(link: URL) -> bool:
    """True for the links that Suno gives where it has no file to give."""
    return bool(_NO_FILE.search(link.path.rstrip("/")))


def is_public(host: str) -> bool:
    """True when the host may be one of the public internet; what a name resolves to is seen only later."""
    host = host.lower().rstrip(".")
    address = read_address(host)
    if address is not None:
        return is_public_address(address)
    *_, last = labels = host.split(".")
    if len(labels) < 2 or re.fullmatch(r"\d+|0x[0-9a-f]*", last):  # the second: an address in disguise
        return False
    return not any(host == name or host.endswith(f".{name}") for name in _LOCAL_NAMES)


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """The IP address that the text spells, if it is one."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def is_public_address(address: IPv4Address | IPv6Address) -> bool:
    """True for addresses of the public internet, judged by the IPv4 address where there is one inside."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and address not in _PROTOCOL_4
    if address.ipv4_mapped is not None:
        return is_public_address(address.ipv4_mapped)
    if address in _NAT64:
        return is_public_address(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address.sixtofour is not None or address.teredo is not None:
        return False
    return address in _UNICAST_6 and address.is_global and address not in _DOCUMENTATION_6
