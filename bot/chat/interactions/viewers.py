"""What of a server a member sees: songs of a private channel are not for everybody."""

from collections.abc import Iterator

import discord

from bot.chat.interactions.respond import Asked
from bot.domain.songs import Viewer


def viewer_of(interaction: Asked) -> Viewer:
    """Return who asks, with the channels that they surely see: this one, and those that the bot knows.

    An archived thread, of which the bot is not told, counts as one that they do not see.
    """
    here = interaction.channel_id
    return Viewer(
        guild_id=interaction.guild_id or 0,
        user_id=interaction.user.id,
        channel_ids=frozenset(_seen(interaction)) | ({here} if here is not None else frozenset()),
    )


def _seen(interaction: Asked) -> Iterator[int]:
    guild, member = interaction.guild, interaction.user
    if guild is None or not isinstance(member, discord.Member):
        return
    seen = {channel.id for channel in guild.channels if _may_enter(channel, member)}
    yield from seen
    for thread in guild.threads:
        if thread.is_private():
            is_seen = thread.permissions_for(member).manage_threads
        else:
            is_seen = thread.parent_id in seen
        if is_seen:
            yield thread.id


def _may_enter(channel: discord.abc.GuildChannel, member: discord.Member) -> bool:
    allowed = channel.permissions_for(member)
    is_voice = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return allowed.view_channel and (allowed.connect or not is_voice)
