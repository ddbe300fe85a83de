"""Builders of guilds, channels, roles and members, before the bot starts or while it runs."""

from datetime import timedelta

from sandbox.discord.event_feed import FeedEventKind
from sandbox.discord.gateway.sessions import GUILD_MEMBERS, GUILDS
from sandbox.discord.messages.service import start_thread
from sandbox.discord.messages.threads import announce_thread
from sandbox.discord.model.message import Message
from sandbox.discord.model.permissions import PLAIN, Permission
from sandbox.discord.model.users import User
from sandbox.discord.model.world import (
    ANNOUNCEMENT_CHANNEL,
    ANNOUNCEMENT_THREAD,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    TEXT_CHANNEL,
    Channel,
    Guild,
    Member,
    Overwrite,
    Role,
    Thread,
)
from sandbox.discord.payloads import Payload
from sandbox.discord.rendering import channel_payload, member_payload, role_payload
from sandbox.discord.state import State

BEEN_THERE = timedelta(days=365)
"""How long the bot has been in a new guild: it welcomes those that it joined lately."""


class WorldBuilder:
    """Builder that adds to the world, and sends the bot the events of that."""

    def __init__(self, state: State) -> None:
        self._state = state

    def user(self, name: str) -> User:
        """Add an account."""
        user = User(id=self._state.snowflakes.next(), name=name)
        self._state.world.users[user.id] = user
        return user

    def guild(self, name: str, *, owner: User, guild_id: int | None = None) -> Guild:
        """Add a guild with its owner and the bot in it, for a year already; the id decides the shard."""
        state = self._state
        guild = Guild(id=guild_id or state.snowflakes.next(), name=name, owner_id=owner.id)
        guild.roles[guild.id] = Role(id=guild.id, name="@everyone", permissions=PLAIN, position=0)
        joined_at = state.clock() - BEEN_THERE
        for user in (owner, state.world.bot):
            guild.members[user.id] = Member(user=user, guild=guild, role_ids=[], joined_at=joined_at)
        state.world.guilds[guild.id] = guild
        for session in state.gateway.sessions.values():
            if session.hears(guild_id=guild.id, intent=GUILDS):
                session.push("GUILD_CREATE", payload=state.gateway.guild_joined(guild, session=session))
        state.publish(FeedEventKind.GUILD)
        return guild

    def channel(
        self,
        guild: Guild,
        *,
        name: str,
        only_for: tuple[Role, ...] = (),
        kind: int = TEXT_CHANNEL,
        parent: Channel | None = None,
    ) -> Channel:
        """Add a channel that everybody sees, or only the bot and those who have one of the roles."""
        channel = Channel(
            id=self._state.snowflakes.next(),
            kind=kind,
            name=name,
            guild=guild,
            position=len(guild.channels),
            parent=parent,
        )
        if only_for:
            channel.overwrites = _overwrites(guild, roles=only_for, bot=self._state.world.bot)
        guild.channels[channel.id] = channel
        self._state.world.channels[channel.id] = channel
        self._dispatch(guild, event="CHANNEL_CREATE", payload=channel_payload(channel))
        self._state.publish(FeedEventKind.CHANNEL, channel_id=channel.id)
        return channel

    def thread(
        self,
        parent: Channel,
        *,
        name: str,
        owner: User,
        private: bool = False,
        with_bot: bool = False,
        message: Message | None = None,
    ) -> Channel:
        """Start a thread in a channel or from one of its messages, or a post in a forum.

        The bot joins it only `with_bot`.
        """
        guild = _guild_of(parent)
        public = ANNOUNCEMENT_THREAD if parent.kind == ANNOUNCEMENT_CHANNEL else PUBLIC_THREAD
        now, bot_id = self._state.clock(), self._state.world.bot.id
        joined = {owner.id, bot_id} if with_bot else {owner.id}
        channel = Channel(
            id=message.id if message else self._state.snowflakes.next(),
            kind=PRIVATE_THREAD if private else public,
            name=name,
            guild=guild,
            parent=parent,
            thread=Thread(owner_id=owner.id, created_at=now, changed_at=now, member_ids=joined),
        )
        guild.threads[channel.id] = channel
        self._state.world.channels[channel.id] = channel
        announce_thread(self._state, channel, event="THREAD_CREATE")
        if message is not None:
            start_thread(self._state, message, thread=channel, owner=owner)
        self._state.publish(FeedEventKind.CHANNEL, channel_id=channel.id)
        return channel

    def role(self, guild: Guild, *, name: str, permissions: Permission = PLAIN) -> Role:
        """Add a role that nobody has yet."""
        role = Role(
            id=self._state.snowflakes.next(), name=name, permissions=permissions, position=len(guild.roles)
        )
        guild.roles[role.id] = role
        shown: Payload = {"guild_id": str(guild.id), "role": role_payload(role)}
        self._dispatch(guild, event="GUILD_ROLE_CREATE", payload=shown)
        return role

    def member(self, guild: Guild, *, user: User, roles: tuple[Role, ...] = ()) -> Member:
        """Add the user to the guild."""
        role_ids = [role.id for role in roles]
        member = Member(user=user, guild=guild, role_ids=role_ids, joined_at=self._state.clock())
        guild.members[user.id] = member
        shown = member_payload(member) | {"guild_id": str(guild.id)}
        self._dispatch(guild, event="GUILD_MEMBER_ADD", payload=shown, intent=GUILD_MEMBERS)
        self._state.publish(FeedEventKind.GUILD)
        return member

    def assign(self, member: Member, *, roles: tuple[Role, ...]) -> None:
        """Give a member these roles only; without the members intent the bot hears of its own alone."""
        member.role_ids = [role.id for role in roles]
        guild = member.guild
        shown = member_payload(member) | {"guild_id": str(guild.id)}
        intent = GUILDS if member.user is self._state.world.bot else GUILD_MEMBERS
        self._dispatch(guild, event="GUILD_MEMBER_UPDATE", payload=shown, intent=intent)
        self._state.publish(FeedEventKind.GUILD)

    def _dispatch(self, guild: Guild, *, event: str, payload: Payload, intent: int = GUILDS) -> None:
        if guild.has_bot:
            self._state.gateway.dispatch(event, payload=payload, guild_id=guild.id, intent=intent)


def _guild_of(channel: Channel) -> Guild:
    if channel.guild is None:
        raise ValueError("direct messages have no threads")
    return channel.guild


def _overwrites(guild: Guild, *, roles: tuple[Role, ...], bot: User) -> dict[int, Overwrite]:
    seen = Permission.VIEW_CHANNEL
    hidden = Overwrite(target_id=guild.id, is_role=True, deny=seen)
    shown = [Overwrite(target_id=role.id, is_role=True, allow=seen) for role in roles]
    own = Overwrite(target_id=bot.id, is_role=False, allow=seen)
    return {one.target_id: one for one in (hidden, *shown, own)}
