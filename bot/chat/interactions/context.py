"""Who asks for a song, where, and what the bot may do there, read off an interaction."""

import discord

from bot.domain.errors import RequestNotFoundError
from bot.services.requests.placement import RequestContext

DEFAULT_FILE_LIMIT = 10 * 1024 * 1024
"""Bytes of one file without boosts (reference, "Uploading Files")."""
NEEDED = discord.Permissions(view_channel=True, embed_links=True, attach_files=True)
"""What the bot needs in a channel to post a result there, besides speaking."""


def role_ids_of(user: discord.User | discord.Member) -> tuple[int, ...]:
    """The roles that the member has in the server of the interaction; none of somebody who has left."""
    if not isinstance(user, discord.Member):
        return ()
    # `Member.roles` leaves out what the gateway has not told of yet; the interaction names them all.
    return (user.guild.id, *user._roles)


def request_id_of(text: str) -> int:
    """The number of a request, from a choice of autocomplete or whatever was typed instead.

    Raises:
        RequestNotFoundError: it cannot be one.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise RequestNotFoundError
    return int(text)


def _may_post(interaction: discord.Interaction[discord.Client]) -> bool:
    """Whether the bot may post a result there by its own token."""
    allowed = interaction.app_permissions
    speaks = (
        allowed.send_messages_in_threads
        if isinstance(interaction.channel, discord.Thread)
        else allowed.send_messages
    )
    return speaks and allowed >= NEEDED


def _file_limit(interaction: discord.Interaction[discord.Client]) -> int:
    """Bytes of one file that the bot may post there: by the server's boosts.

    `Interaction.filesize_limit` counts the member's Nitro too, which is no use to a post of the bot's.
    """
    try:
        return interaction.guild.filesize_limit if interaction.guild else DEFAULT_FILE_LIMIT
    except KeyError:  # a tier of boosts that discord.py does not know
        return DEFAULT_FILE_LIMIT


def request_context(interaction: discord.Interaction[discord.Client]) -> RequestContext:
    """Who asked, where, and how the answer can be reached."""
    channel = interaction.channel
    return RequestContext(
        interaction_id=interaction.id,
        guild_id=interaction.guild_id or 0,
        user_id=interaction.user.id,
        channel_id=interaction.channel_id or 0,
        application_id=interaction.application_id,
        token=interaction.token,
        attachment_limit=_file_limit(interaction),
        role_ids=role_ids_of(interaction.user),
        parent_id=channel.parent_id if isinstance(channel, discord.Thread) else None,
        may_post=_may_post(interaction),
    )
