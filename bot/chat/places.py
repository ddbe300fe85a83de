"""Whether the bot may post in a channel that moderators choose."""

import discord

from bot.domain.moderator_errors import ChannelAccessError

TO_POST = ("view_channel", "send_messages", "embed_links")
WITH_FILES = (*TO_POST, "attach_files")


def may_post_in(
    interaction: discord.Interaction[discord.Client],
    channel: discord.TextChannel | discord.Thread | None,
    *,
    with_files: bool = False,
) -> None:
    """Nothing happens where the bot may post, or where nobody can tell.

    Raises:
        ChannelAccessError: permissions are missing there.
    """
    guild = interaction.guild
    if channel is None or guild is None or guild.me is None:
        return
    allowed = channel.permissions_for(guild.me)
    needed: tuple[str, ...] = WITH_FILES if with_files else TO_POST
    if isinstance(channel, discord.Thread):
        needed = tuple("send_messages_in_threads" if name == "send_messages" else name for name in needed)
    missing = tuple(name for name in needed if not getattr(allowed, name))
    if missing:
        raise ChannelAccessError(channel.id, missing)
