"""The channels that a member can see: songs from private channels are not shown to everybody."""

from collections.abc import Iterator

import discord

from bot.chat.interactions.respond import AnyInteraction
from bot.domain.songs import Viewer


def viewer_of(interaction: AnyInteraction) -> Viewer:
    """Return the member with the ids of the channels that they can certainly see, this one included.

    Archived threads, which the gateway does not send, are not among them.
    """
    here = interaction.channel_id
    return Viewer(
        guild_id=interaction.guild_id or 0,
        user_id=interaction.user.id,
        channel_ids=frozenset(_seen(interaction)) | ({here} if here is not None else frozenset()),
    )


def _seen(interaction: AnyInteraction) -> Iterator[int]:
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
