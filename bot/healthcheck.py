"""`python -m bot.healthcheck`: a quick liveness check of a running bot, for containers."""

import sys
from http.client import HTTPConnection, HTTPException

from bot.config import SettingsError, load

ANSWER_S = 4.0
"""Seconds that the bot has to answer: less than the container's own limit, so that the reason is printed."""
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is not bound here
"""The address at which a server is reached that listens on all addresses."""


def problem(host: str, port: int, *, within_s: float = ANSWER_S) -> str | None:
    """Query `/healthz` and return what is wrong, or None."""
    connection = HTTPConnection(_LOOPBACK.get(host, host), port, timeout=within_s)
    try:
        connection.request("GET", "/healthz")
        reply = connection.getresponse()
        body = reply.read(1000).decode(errors="replace")
    except (OSError, HTTPException) as error:
        return f"no answer on port {port} of {host} ({type(error).__name__})"
    finally:
        connection.close()
    return None if reply.status == 200 else body


def main() -> str | None:
    """Return what is wrong, or None; without a port there is nothing to query, so nothing is wrong."""
    try:
        settings = load()
    except SettingsError as error:
        return str(error)
    return None if settings.http_port is None else problem(settings.http_host, settings.http_port)


if __name__ == "__main__":
    sys.exit(main())
