"""An accepted interaction: its member, server and channel, and what member and bot can do there."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import discord
from discord import app_commands

from bot.chat.timings import ChatTimings
from bot.chat.translation import Language, language_of
from bot.domain.errors import NotServedError, OutsideServerError, StoppingError
from bot.domain.songs import Viewer
from bot.services import Services
from bot.services.audit_log import Actor
from bot.services.requests.placement import RequestContext

AnyInteraction: TypeAlias = discord.Interaction[discord.Client]
DEFAULT_FILE_LIMIT = 10 * 1024 * 1024
"""Bytes of one file without boosts (reference, "Uploading Files")."""
NEEDED = discord.Permissions(view_channel=True, embed_links=True, attach_files=True)
"""What the bot needs in a channel to post a result there, besides sending messages."""
ACCEPTED = "accepted"
"""Key in `extras` of the context, which is built once for each interaction."""


@runtime_checkable
class BotClient(Protocol):
    """The part of the bot's client that interactions need."""

    services: Services
    timings: ChatTimings
    draining: bool
    """True once shutdown was requested: no interactions are accepted any more."""
    running: set[asyncio.Task[None]]
    """The tasks that are answering members; shutdown waits for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildInteraction:
    """An interaction of a member in a server that the bot was added to."""

    raw: AnyInteraction
    services: Services
    timings: ChatTimings
    guild_id: int
    channel_id: int
    member: discord.Member
    defer_at_s: float
    """Time of the event loop at which it is deferred if it is not answered yet."""

    @property
    def user_id(self) -> int:
        """Return the member's id."""
        return self.member.id

    @property
    def language(self) -> Language:
        """Return the language of the member's client, for what only they see."""
        return language_of(self.raw.locale.value)

    @property
    def role_ids(self) -> tuple[int, ...]:
        """Return the ids of the member's roles."""
        return role_ids_of(self.member)

    @property
    def is_moderator(self) -> bool:
        """Tell whether the member has Manage Server, or is an administrator."""
        allowed = self.raw.permissions
        return allowed.manage_guild or allowed.administrator

    @property
    def source_message(self) -> discord.Message:
        """Return the message whose button was pressed.

        Raises:
            TypeError: the interaction is no press of a button.
        """
        if self.raw.message is None:
            raise TypeError(f"{self.raw.type} has no message")
        return self.raw.message

    @property
    def actor(self) -> Actor:
        """Return the member as the one who acts by this interaction; their permissions are not checked."""
        return Actor(
            interaction_id=self.raw.id,
            guild_id=self.guild_id,
            actor_id=self.user_id,
            is_moderator=self.is_moderator,
            role_ids=self.role_ids,
        )

    def require_moderator(self) -> Actor:
        """Return the moderator who acts by this interaction.

        A server can show moderators' commands to others, so the bot checks too.

        Raises:
            app_commands.MissingPermissions: the member lacks Manage Server.
        """
        if not self.is_moderator:
            raise app_commands.MissingPermissions(["manage_guild"])
        return self.actor

    def viewer(self) -> Viewer:
        """Return the member with the ids of the channels that they can certainly see, this one included.

        Archived threads, which the gateway does not send, are not among them.
        """
        channel_ids = frozenset({self.channel_id, *_seen(self.member.guild, self.member)})
        return Viewer(guild_id=self.guild_id, user_id=self.user_id, channel_ids=channel_ids)

    def public_channel_ids(self) -> frozenset[int]:
        """Return the ids of the server's channels that every member can see."""
        return frozenset(_seen(self.member.guild, self.member.guild.default_role))

    def request_context(self) -> RequestContext:
        """Return who asked, where, and how the answer can be edited later."""
        channel = self.raw.channel
        return RequestContext(
            interaction_id=self.raw.id,
            guild_id=self.guild_id,
            user_id=self.user_id,
            channel_id=self.channel_id,
            application_id=self.raw.application_id,
            token=self.raw.token,
            attachment_limit=_file_limit(self.member.guild),
            role_ids=self.role_ids,
            parent_id=channel.parent_id if isinstance(channel, discord.Thread) else None,
            may_post=_may_post(self.raw),
        )


def accept(interaction: AnyInteraction) -> GuildInteraction:
    """Return the interaction's context, and count the current task as running until it ends.

    Users can also install an application for themselves and use it in other servers, if its operator has
    enabled that at Discord (reference, "Installation Context").

    Raises:
        StoppingError: the bot is being shut down.
        OutsideServerError: it does not come from a member of a server that the bot was added to.
        NotServedError: the bot's owner does not serve that server.
        TypeError: its client is not the bot.
    """
    accepted = interaction.extras.get(ACCEPTED)
    if isinstance(accepted, GuildInteraction):
        return accepted
    client = interaction.client
    if not isinstance(client, BotClient):
        raise TypeError(f"{type(client).__name__} is not the bot")
    task = asyncio.current_task()
    if task is not None:
        client.running.add(task)
        task.add_done_callback(client.running.discard)
    if client.draining:
        raise StoppingError
    member, guild_id, channel_id = interaction.user, interaction.guild_id, interaction.channel_id
    is_added = interaction.is_guild_integration() or not interaction.is_user_integration()
    if not (isinstance(member, discord.Member) and guild_id and channel_id and is_added):
        raise OutsideServerError
    if not client.services.served.includes(guild_id):
        raise NotServedError
    interaction.extras[ACCEPTED] = context = GuildInteraction(
        raw=interaction,
        services=client.services,
        timings=client.timings,
        guild_id=guild_id,
        channel_id=channel_id,
        member=member,
        defer_at_s=asyncio.get_running_loop().time() + client.timings.defer_s,
    )
    return context


def role_ids_of(user: discord.User | discord.Member) -> tuple[int, ...]:
    """Return the user's role ids in the interaction's server; none if they have left it."""
    if not isinstance(user, discord.Member):
        return ()
    # `Member.roles` leaves out roles that the gateway has not sent yet; the interaction has them all.
    return (user.guild.id, *user._roles)


def _seen(guild: discord.Guild, member: discord.Member | discord.Role) -> Iterator[int]:
    seen = {channel.id for channel in guild.channels if _may_enter(channel, member)}
    yield from seen
    for thread in guild.threads:
        if thread.is_private():
            is_seen = thread.permissions_for(member).manage_threads
        else:
            is_seen = thread.parent_id in seen
        if is_seen:
            yield thread.id


def _may_enter(channel: discord.abc.GuildChannel, member: discord.Member | discord.Role) -> bool:
    allowed = channel.permissions_for(member)
    is_voice = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return allowed.view_channel and (allowed.connect or not is_voice)


def _may_post(interaction: AnyInteraction) -> bool:
    """Tell whether the bot may post a result in the channel with its own token."""
    allowed = interaction.app_permissions
    speaks = (
        allowed.send_messages_in_threads
        if isinstance(interaction.channel, discord.Thread)
        else allowed.send_messages
    )
    return speaks and allowed >= NEEDED


def _file_limit(guild: discord.Guild) -> int:
    """Return the size limit in bytes of one file that the bot posts in the server, which depends on boosts.

    `Interaction.filesize_limit` counts the member's Nitro too, which does not apply to the bot's posts.
    """
    try:
        return guild.filesize_limit
    except KeyError:  # a tier of boosts that discord.py does not know
        return DEFAULT_FILE_LIMIT
