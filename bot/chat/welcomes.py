"""Where the bot can welcome a server that it has joined, and what it lacks there."""

import discord

from bot.domain.welcomes import RECENT, Welcome

PLACES = 3
"""Channels that are tried."""
NEEDED = ("view_channel", "send_messages", "embed_links", "attach_files")
"""The permissions that the bot needs to answer and to post songs."""


def is_recent(guild: discord.Guild) -> bool:
    """Tell whether the bot joined the server lately."""
    own = _own(guild)
    joined_at = own.joined_at if own else None
    return joined_at is not None and discord.utils.utcnow() - joined_at < RECENT


def welcome_to(guild: discord.Guild) -> Welcome:
    """Return the welcome of a server: its system channel comes first, then those that everyone sees."""
    own = _own(guild)
    allowed = own.guild_permissions if own else discord.Permissions.none()
    joined_at = own.joined_at if own else None
    return Welcome(
        guild_id=guild.id,
        joined_at=joined_at or discord.utils.utcnow(),
        channel_ids=tuple(channel.id for channel in _places(guild)[:PLACES]),
        missing=tuple(name for name in NEEDED if not getattr(allowed, name)),
    )


def _places(guild: discord.Guild) -> list[discord.TextChannel]:
    system = guild.system_channel
    seen = [
        channel
        for channel in guild.text_channels
        if channel.permissions_for(guild.default_role).view_channel and channel is not system
    ]
    return [channel for channel in [*([system] if system else []), *seen] if _can_post(guild, channel)]


def _can_post(guild: discord.Guild, channel: discord.TextChannel) -> bool:
    own = _own(guild)
    if own is None:
        return False
    allowed = channel.permissions_for(own)
    return allowed.view_channel and allowed.send_messages


def _own(guild: discord.Guild) -> discord.Member | None:
    """Return the bot as a member; discord.py declares that it always knows that."""
    return guild.me
