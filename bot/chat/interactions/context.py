"""The context of a song request, read from an interaction: member, channel and the bot's permissions."""

import discord

from bot.domain.errors import RequestNotFoundError
from bot.services.requests.placement import RequestContext

DEFAULT_FILE_LIMIT = 10 * 1024 * 1024
"""Bytes of one file without boosts (reference, "Uploading Files")."""
NEEDED = discord.Permissions(view_channel=True, embed_links=True, attach_files=True)
"""What the bot needs in a channel to post a result there, besides sending messages."""


def role_ids_of(user: discord.User | discord.Member) -> tuple[int, ...]:
    """Return the member's role ids in the interaction's server; none if they have left it."""
    if not isinstance(user, discord.Member):
        return ()
    # `Member.roles` leaves out roles that the gateway has not sent yet; the interaction has them all.
    return (user.guild.id, *user._roles)


def request_id_of(text: str) -> int:
    """Parse a request's id from an autocomplete choice, or from what was typed instead.

    Raises:
        RequestNotFoundError: the text cannot be an id.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise RequestNotFoundError
    return int(text)


def _may_post(interaction: discord.Interaction[discord.Client]) -> bool:
    """Tell whether the bot may post a result in the channel with its own token."""
    allowed = interaction.app_permissions
    speaks = (
        allowed.send_messages_in_threads
        if isinstance(interaction.channel, discord.Thread)
        else allowed.send_messages
    )
    return speaks and allowed >= NEEDED


def _file_limit(interaction: discord.Interaction[discord.Client]) -> int:
    """Return the size limit in bytes of one file that the bot posts in the server, which depends on boosts.

    `Interaction.filesize_limit` counts the member's Nitro too, which does not apply to the bot's posts.
    """
    try:
        return interaction.guild.filesize_limit if interaction.guild else DEFAULT_FILE_LIMIT
    except KeyError:  # a tier of boosts that discord.py does not know
        return DEFAULT_FILE_LIMIT


def request_context(interaction: discord.Interaction[discord.Client]) -> RequestContext:
    """Read from the interaction who asked, where, and how its answer can be edited later."""
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
