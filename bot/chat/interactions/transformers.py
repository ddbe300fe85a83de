"""Channel options: their types, the bot's permissions in a channel, and whether it still exists."""

from typing import TypeAlias

import discord
from discord import AppCommandOptionType, ChannelType, app_commands
from discord.app_commands import AppCommandChannel, AppCommandThread

from bot.chat.api_errors import API_ERRORS
from bot.domain.moderator_errors import ChannelAccessError

ChannelOption: TypeAlias = AppCommandChannel | AppCommandThread
"""A channel option's value; it can be a thread that the gateway has not sent to the bot."""
TO_POST = ("view_channel", "send_messages", "embed_links")
WITH_FILES = (*TO_POST, "attach_files")
TAKES_POSTS = (
    ChannelType.text,
    ChannelType.news,
    ChannelType.voice,
    ChannelType.stage_voice,
    ChannelType.public_thread,
    ChannelType.private_thread,
    ChannelType.news_thread,
)
"""Channels that take messages: a forum has posts, which are threads."""
VOICE = frozenset({ChannelType.voice, ChannelType.stage_voice})
"""Their text chats are only for members who may connect."""


class PostingChannel(app_commands.Transformer):
    """A channel in which the bot is to post."""

    kinds: tuple[ChannelType, ...] = TAKES_POSTS

    @property
    def type(self) -> AppCommandOptionType:
        """Return the option's type."""
        return AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[ChannelType]:
        """Return the types of channels that can be chosen."""
        return list(self.kinds)

    async def transform(
        self,
        interaction: discord.Interaction[discord.Client],  # noqa: ARG002 - discord.py's signature
        value: ChannelOption,
        /,
    ) -> ChannelOption:
        """Return the channel if its type can be chosen.

        Raises:
            app_commands.TransformerError: it cannot; a modified Discord client may send anything.
        """
        if value.type not in self.kinds:
            raise app_commands.TransformerError(value, self.type, self)
        return value


class RequestChannel(PostingChannel):
    """A channel or forum in which members are to request songs."""

    kinds = (*TAKES_POSTS, ChannelType.forum)


def require_posting_permissions(
    interaction: discord.Interaction[discord.Client], place: ChannelOption | None, *, with_files: bool = False
) -> None:
    """Raise if the bot is known to lack a permission to post in the channel.

    Raises:
        ChannelAccessError: it lacks some.
    """
    guild = interaction.guild
    if place is None or guild is None or guild.me is None:
        return
    # a thread has the permissions of its channel, and the bot does not know every thread
    known = guild.get_channel(place.parent_id if isinstance(place, AppCommandThread) else place.id)
    if known is None:
        return
    allowed = known.permissions_for(guild.me)
    needed: tuple[str, ...] = WITH_FILES if with_files else TO_POST
    if isinstance(place, AppCommandThread):
        needed = tuple("send_messages_in_threads" if name == "send_messages" else name for name in needed)
    if place.type in VOICE:
        needed = (*needed, "connect")
    missing = tuple(name for name in needed if not getattr(allowed, name))
    if missing:
        raise ChannelAccessError(place.id, missing)


async def is_gone(interaction: discord.Interaction[discord.Client], channel_id: int) -> bool:
    """Tell whether the channel was certainly deleted.

    One that the bot does not know is fetched: it may be an archived or a private thread.
    """
    guild = interaction.guild
    if guild is None or guild.unavailable or guild.get_channel_or_thread(channel_id) is not None:
        return False
    try:
        await interaction.client.fetch_channel(channel_id)
    except discord.NotFound:
        return True
    except API_ERRORS:
        return False
    return False
