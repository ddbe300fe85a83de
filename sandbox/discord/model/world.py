"""The people, guilds and channels of the local Discord."""

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.discord.model.message import Message
from sandbox.discord.model.permissions import EVERYTHING, PLAIN, Permission
from sandbox.discord.model.users import User

TEXT_CHANNEL, DIRECT_CHANNEL, VOICE_CHANNEL, CATEGORY, ANNOUNCEMENT_CHANNEL = 0, 1, 2, 4, 5
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD, STAGE_CHANNEL, FORUM_CHANNEL = 10, 11, 12, 13, 15
"""Discord's reference, "Channel Types"."""
WITH_VOICE = (VOICE_CHANNEL, STAGE_CHANNEL)
WITHOUT_MESSAGES = (CATEGORY, FORUM_CHANNEL)
"""What holds channels or posts, but no messages of its own."""
NOTHING = Permission(0)


@dataclass(slots=True, kw_only=True)
class Role:
    """A role of a guild; the one whose id is the guild's own is everybody's."""

    id: int
    name: str
    permissions: Permission
    position: int
    mentionable: bool = False


@dataclass(slots=True, kw_only=True)
class Overwrite:
    """The permissions that a channel allows or denies to one role or member."""

    target_id: int
    is_role: bool
    allow: Permission = NOTHING
    deny: Permission = NOTHING


@dataclass(slots=True, kw_only=True)
class Member:
    """A user in a guild."""

    user: User
    guild: "Guild"
    role_ids: list[int]
    joined_at: datetime
    nick: str | None = None

    @property
    def display_name(self) -> str:
        """Return the name that others see."""
        return self.nick or self.user.name


@dataclass(slots=True, kw_only=True)
class Thread:
    """The fields of a thread, or a post of a forum, beside those of every channel."""

    owner_id: int
    created_at: datetime
    changed_at: datetime
    """When it was last archived or opened again."""
    archived: bool = False
    locked: bool = False
    member_ids: set[int] = field(default_factory=set)
    """Who has joined; a private thread is seen by nobody else but moderators."""


@dataclass(slots=True, kw_only=True)
class Channel:
    """A guild's channel or thread, or the direct messages between a user and the bot."""

    id: int
    kind: int
    name: str = ""
    guild: "Guild | None" = None
    recipient: User | None = None
    position: int = 0
    parent: "Channel | None" = None
    """A thread's channel, or a channel's category."""
    thread: Thread | None = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    """Everything ever posted here, deleted and ephemeral messages too, oldest first."""
    _by_id: dict[int, Message] = field(default_factory=dict)

    def add(self, message: Message) -> None:
        """Add the message as the newest one."""
        self.messages.append(message)
        self._by_id[message.id] = message

    def message(self, message_id: int) -> Message | None:
        """Return the message of that id, unless it was deleted."""
        found = self._by_id.get(message_id)
        return found if found and not found.deleted else None

    def seen_by(self, user: User) -> list[Message]:
        """Return the messages that this user sees, oldest first."""
        return [
            message
            for message in self.messages
            if not message.deleted and message.visible_to in (None, user.id)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class BotAddition:
    """An entry of a guild's audit log: who added which bot."""

    id: int
    user_id: int
    bot_id: int


@dataclass(slots=True, kw_only=True)
class Guild:
    """A server."""

    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    threads: dict[int, Channel] = field(default_factory=dict)
    """Open and archived ones."""
    members: dict[int, Member] = field(default_factory=dict)
    locale: str = "en-US"
    has_bot: bool = True
    bot_additions: list[BotAddition] = field(default_factory=list)
    """What the audit log has of bots, oldest first; the sandbox keeps no other entries."""
    premium_tier: int = 0
    """How far it is boosted, 0 to 3; larger files are allowed from the second tier on."""

    def permissions(self, member: Member, *, channel: Channel | None = None) -> Permission:
        """Return a member's permissions, in a channel if one is given (Discord's reference, "Permissions").

        A thread has the permissions of its channel.
        """
        if channel is not None and channel.thread is not None:
            granted = self.permissions(member, channel=channel.parent)
            joined = member.user.id in channel.thread.member_ids or Permission.MANAGE_THREADS in granted
            return granted if joined or channel.kind != PRIVATE_THREAD else NOTHING
        own = [self.roles[role_id] for role_id in member.role_ids if role_id in self.roles]
        granted = self.roles[self.id].permissions
        for role in own:
            granted |= role.permissions
        if member.user.id == self.owner_id or Permission.ADMINISTRATOR in granted:
            return EVERYTHING
        if channel is None:
            return granted
        everyone = channel.overwrites.get(self.id)
        roles = [channel.overwrites[role.id] for role in own if role.id in channel.overwrites]
        personal = channel.overwrites.get(member.user.id)
        for level in ([everyone] if everyone else [], roles, [personal] if personal else []):
            for overwrite in level:
                granted &= ~overwrite.deny
            for overwrite in level:
                granted |= overwrite.allow
        return granted if Permission.VIEW_CHANNEL in granted else NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMember:
    """A member of the application's team."""

    user: User
    role: str = "developer"
    """`admin`, `developer` or `read_only`."""
    has_accepted: bool = True
    """False while the invitation is pending."""


@dataclass(slots=True, kw_only=True)
class World:
    """All accounts and guilds, and the one application that is under test."""

    bot: User
    owner: User
    application_name: str
    is_public: bool = True
    """Whether anybody may add the application to a guild."""
    team: list[TeamMember] = field(default_factory=list)
    """Who owns the application together with its owner; empty if it is one person's."""
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)

    @property
    def application_id(self) -> int:
        """Return the application's id, which is its bot user's too, as it is for every newer application."""
        return self.bot.id

    def bot_permissions(self, channel: Channel) -> Permission:
        """Return the bot's permissions in a channel; none in a guild that it is not in."""
        return self.permissions_of(self.bot, channel=channel)

    def permissions_of(self, user: User, *, channel: Channel) -> Permission:
        """Return a user's permissions in a channel; none in a guild that they are not in."""
        if channel.guild is None:
            return PLAIN
        member = channel.guild.members.get(user.id)
        return channel.guild.permissions(member, channel=channel) if member else NOTHING

    def reachable(self, user: User) -> bool:
        """Tell whether the bot can write to the user: they share a guild, and the user takes it."""
        shared = any(guild.has_bot and user.id in guild.members for guild in self.guilds.values())
        return shared and user.takes_direct_messages

    def direct_channel(self, user: User) -> Channel | None:
        """Return the direct messages with a user, if they were ever opened."""
        return next((channel for channel in self.channels.values() if channel.recipient is user), None)
