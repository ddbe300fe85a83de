"""Which channels moderators can choose, whether the bot may post there, and whether they still exist."""

from typing import TypeAlias

import discord
from discord import AppCommandOptionType, ChannelType, app_commands
from discord.app_commands import AppCommandChannel, AppCommandThread

from bot.chat.api_errors import TROUBLE
from bot.domain.moderator_errors import ChannelAccessError

Place: TypeAlias = AppCommandChannel | AppCommandThread
"""A channel as the command names it: a thread that the bot was not told of can be chosen, too."""
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
"""Where messages can stand: forums have posts, which are threads."""
VOICE = frozenset({ChannelType.voice, ChannelType.stage_voice})
"""Their text chats are for those who may connect."""


class PostingChannel(app_commands.Transformer):
    """A channel in which the bot is to post."""

    kinds: tuple[ChannelType, ...] = TAKES_POSTS

    @property
    def type(self) -> AppCommandOptionType:
        """What Discord calls the option."""
        return AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[ChannelType]:
        """What can be chosen."""
        return list(self.kinds)

    async def transform(
        self,
        interaction: discord.Interaction[discord.Client],  # noqa: ARG002 - discord.py's signature
        value: Place,
        /,
    ) -> Place:
        """Return the channel, if it is of one of the kinds.

        Raises:
            app_commands.TransformerError: it is not; a client may send anything.
        """
        if value.type not in self.kinds:
            raise app_commands.TransformerError(value, self.type, self)
        return value


class RequestChannel(PostingChannel):
    """A channel, or a forum, in which members are to ask."""

    kinds = (*TAKES_POSTS, ChannelType.forum)


def may_post_in(
    interaction: discord.Interaction[discord.Client], place: Place | None, *, with_files: bool = False
) -> None:
    """Raise unless the bot may post there, or nobody can tell.

    Raises:
        ChannelAccessError: permissions are missing there.
    """
    guild = interaction.guild
    if place is None or guild is None or guild.me is None:
        return
    # a thread has the permissions of its channel, and the bot is not told of every thread
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
    """Return True when the server surely has no such channel any more.

    Discord is asked about one that the bot was not told of: it may be an archived or a private thread.
    """
    guild = interaction.guild
    if guild is None or guild.unavailable or guild.get_channel_or_thread(channel_id) is not None:
        return False
    try:
        await interaction.client.fetch_channel(channel_id)
    except discord.NotFound:
        return True
    except TROUBLE:
        return False
    return False
