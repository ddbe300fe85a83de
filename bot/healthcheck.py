"""`python -m bot.healthcheck`: is the bot beside it alive; for containers, and quick to start."""

import sys
from http.client import HTTPConnection, HTTPException

from bot.config import SettingsError, load

ANSWER_S = 4.0
"""Seconds that the bot has; less than the container's own limit, so that the reason is told."""
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is not bound here
"""Where to reach what listens on every address."""


def problem(host: str, port: int) -> str | None:
    """Ask `/healthz` and give what is wrong, or None."""
    connection = HTTPConnection(_LOOPBACK.get(host, host), port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/healthz")
        reply = connection.getresponse()
        said = reply.read(1000).decode(errors="replace")
    except (OSError, HTTPException) as error:
        return f"no answer on port {port} of {host} ({type(error).__name__})"
    finally:
        connection.close()
    return None if reply.status == 200 else said


def main() -> str | None:
    """Say what is wrong, or None; without a port there is nobody to ask, and nothing known to be wrong."""
    try:
        settings = load()
    except SettingsError as error:
        return str(error)
    return None if settings.http_port is None else problem(settings.http_host, settings.http_port)


if __name__ == "__main__":
    sys.exit(main())
