"""The addresses of Discord's API and gateway, which a shared proxy or the sandbox can replace."""

import discord.gateway
import discord.http
import yarl

DISCORD_GATEWAY = "gateway.discord.gg"
"""The host of Discord's own gateway."""


def point_at(api_url: str | None, gateway_url: str | None) -> None:
    """Make discord.py use these addresses, in the whole process; None keeps Discord's own.

    `api_url` ends in `/api/v10`, `gateway_url` is `ws(s)://`; call this before any client starts.
    """
    if api_url:
        discord.http.Route.BASE = api_url.rstrip("/")
    if gateway_url:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


def own_gateway() -> yarl.URL | None:
    """Return the operator's gateway if there is one in place of Discord's, else None."""
    chosen = discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    return None if chosen.host == DISCORD_GATEWAY else chosen
