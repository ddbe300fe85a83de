"""Where Discord is: elsewhere behind a shared proxy, or in the sandbox."""

import discord.gateway
import discord.http
import yarl


def point_at(api_url: str | None, gateway_url: str | None) -> None:
    """Make discord.py talk to these addresses, in the whole process; None leaves Discord's own.

    `api_url` ends in `/api/v10`, `gateway_url` is `ws(s)://`; to be called before any client starts.
    """
    if api_url:
        discord.http.Route.BASE = api_url.rstrip("/")
    if gateway_url:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
