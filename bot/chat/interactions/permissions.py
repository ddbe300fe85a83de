"""Who is allowed to do what: moderators, the bot's operator, and the bot itself in a channel."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

import aiohttp
import discord
from discord import ChannelType
from discord.app_commands import AppCommandChannel, AppCommandThread

from bot.chat.api_errors import API_ERRORS
from bot.chat.interactions.context import AnyInteraction, GuildInteraction, accept
from bot.domain.moderator_errors import ChannelAccessError, NotOperatorError, OperatorUnknownError

log = logging.getLogger(__name__)

MODERATORS = discord.Permissions(manage_guild=True)
"""The permission for which Discord shows moderators' commands by default."""
_ROLES = frozenset({discord.TeamMemberRole.admin, discord.TeamMemberRole.developer})
ChannelOption: TypeAlias = AppCommandChannel | AppCommandThread
"""A channel option's value; it can be a thread that the gateway has not sent to the bot."""
TO_POST = ("view_channel", "send_messages", "embed_links")
WITH_FILES = (*TO_POST, "attach_files")
TO_FORWARD = (*TO_POST, "read_message_history")
"""A forwarded message is answered with its buttons, which takes the permission to read."""
VOICE = frozenset({ChannelType.voice, ChannelType.stage_voice})
"""Their text chats are only for members who may connect."""
MALFORMED = (AttributeError, TypeError, ValueError)
"""What discord.py raises for an answer in another form than Discord's."""
T = TypeVar("T")


class ForModerators:
    """A cog whose commands are all for moderators."""

    async def interaction_check(self, interaction: AnyInteraction, /) -> bool:
        """Refuse members who are not moderators: a server can show the commands to others."""
        accept(interaction).require_moderator()
        return True


class Operators:
    """The bot's owners as Discord names them, cached for some minutes."""

    def __init__(self) -> None:
        self._ids: frozenset[int] = frozenset()
        self._kept_until_s = -math.inf

    async def only(self, interaction: GuildInteraction, operation: Callable[[], Awaitable[T]]) -> T:
        """Run the operation if the member is one of the bot's owners, and return its result.

        Raises:
            NotOperatorError: the member is not one of them.
            OperatorUnknownError: the owners could not be fetched.
        """
        if not await self.includes(interaction):
            raise NotOperatorError
        return await operation()

    async def includes(self, interaction: GuildInteraction) -> bool:
        """Tell whether the member is one of the bot's owners.

        Raises:
            OperatorUnknownError: the owners could not be fetched.
        """
        return interaction.user_id in await self._current(interaction)

    async def _current(self, interaction: GuildInteraction) -> frozenset[int]:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._kept_until_s:
            try:
                self._ids = owners(await interaction.raw.client.application_info())
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.warning("The bot's owners could not be fetched: %s", error)
                raise OperatorUnknownError from error
            self._kept_until_s = now_s + interaction.timings.owners_s
        return self._ids


def owners(application: discord.AppInfo) -> frozenset[int]:
    """Return the id of the owner, or those of the team's owner, admins and developers.

    Members who have not accepted their invitation to the team do not count.
    """
    team = application.team
    if team is None:
        return frozenset({application.owner.id})
    accepted = discord.TeamMembershipState.accepted
    members = {m.id for m in team.members if m.membership_state is accepted and m.role in _ROLES}
    return frozenset(members if team.owner_id is None else {team.owner_id, *members})


def require_posting_permissions(
    interaction: GuildInteraction, channel: ChannelOption | None, *, needed: tuple[str, ...] = TO_POST
) -> None:
    """Raise if the bot is known to lack a permission to post in the channel.

    Raises:
        ChannelAccessError: it lacks some.
    """
    guild = interaction.member.guild
    if channel is None or guild.me is None:
        return
    # a thread has the permissions of its channel, and the bot does not know every thread
    known = guild.get_channel(channel.parent_id if isinstance(channel, AppCommandThread) else channel.id)
    if known is None:
        return
    allowed = known.permissions_for(guild.me)
    if isinstance(channel, AppCommandThread):
        needed = tuple("send_messages_in_threads" if name == "send_messages" else name for name in needed)
    if channel.type in VOICE:
        needed = (*needed, "connect")
    missing = tuple(name for name in needed if not getattr(allowed, name))
    if missing:
        raise ChannelAccessError(channel.id, missing)


def can_notify(interaction: GuildInteraction, role_id: int) -> bool:
    """Tell whether a mention of the role by the bot notifies its members, as far as is known."""
    guild = interaction.member.guild
    role = guild.get_role(role_id)
    own: discord.Member | None = guild.me
    return role is None or role.mentionable or own is None or own.guild_permissions.mention_everyone


async def role_members(interaction: GuildInteraction, role_id: int) -> int | None:
    """Return how many members have the role, bots among them; None if Discord does not say so in time."""
    guild = interaction.member.guild
    try:
        async with asyncio.timeout(interaction.timings.role_count_s):
            counts = await guild.role_member_counts()
    except (*API_ERRORS, *MALFORMED) as error:
        log.info("the members of a role are not counted: %r", error, extra={"guild": guild.id})
        return None
    return next((count for role, count in counts.items() if role.id == role_id), None)


async def is_gone(interaction: GuildInteraction, channel_id: int) -> bool:
    """Tell whether the channel was certainly deleted.

    One that the bot does not know is fetched: it may be an archived or a private thread.
    """
    guild = interaction.member.guild
    if guild.unavailable or guild.get_channel_or_thread(channel_id) is not None:
        return False
    try:
        await interaction.raw.client.fetch_channel(channel_id)
    except discord.NotFound:
        return True
    except API_ERRORS:
        return False
    return False
