"""Where Discord is: elsewhere behind a shared proxy, or in the sandbox."""

import discord.gateway
import discord.http
import yarl

DISCORDS = "gateway.discord.gg"
"""The host of Discord's own gateway."""


def point_at(api_url: str | None, gateway_url: str | None) -> None:
    """Make discord.py talk to these addresses, in the whole process; None leaves Discord's own.

    `api_url` ends in `/api/v10`, `gateway_url` is `ws(s)://`; to be called before any client starts.
    """
    if api_url:
        discord.http.Route.BASE = api_url.rstrip("/")
    if gateway_url:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


def own_gateway() -> yarl.URL | None:
    """Give the gateway that the operator has chosen in place of Discord's, if it is another."""
    chosen = discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    return None if chosen.host == DISCORDS else chosen
