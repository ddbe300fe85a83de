"""The state that all parts of the local Discord share."""

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.discord.buckets import Buckets
from sandbox.discord.commands import Commands
from sandbox.discord.errors import missing_access, missing_permissions, unknown_channel
from sandbox.discord.event_feed import EventFeed, FeedEvent, FeedEventKind
from sandbox.discord.faults import Faults
from sandbox.discord.gateway.sessions import DIRECT_MESSAGES, GUILD_MESSAGES, GUILDS, Credentials, Gateway
from sandbox.discord.limits import MIB, Limits
from sandbox.discord.model.interaction import Interactions
from sandbox.discord.model.message import Attachment, Message
from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.snowflakes import Clock, Snowflakes
from sandbox.discord.model.users import User
from sandbox.discord.model.world import DIRECT_CHANNEL, WITH_VOICE, Channel, Guild, World
from sandbox.discord.payloads import Payload

BOOSTED_SIZES = {2: 50 * MIB, 3: 100 * MIB}
"""Bytes of one file by a guild's premium tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One HTTP request as it was answered."""

    method: str
    route: str
    """The route's template, for example `/channels/{channel_id}/messages`."""
    path: str
    status: int
    """What was answered, or would have been but for a later fault; 0 for a reset before the effect."""
    code: int | None
    """Discord's error code of a refusal."""
    at: datetime
    took_s: float
    used_dead_token: bool
    payload: object
    """The decoded JSON body, without files."""
    fault: str = ""
    """The injected fault, if one struck."""


@dataclass(slots=True, kw_only=True)
class State:
    """The local Discord without its sockets."""

    limits: Limits
    clock: Clock
    snowflakes: Snowflakes
    world: World
    feed: EventFeed
    credentials: Credentials
    gateway: Gateway
    commands: Commands
    interactions: Interactions
    buckets: Buckets
    faults: Faults
    requests: list[RequestRecord] = field(default_factory=list)
    unimplemented: list[str] = field(default_factory=list)
    """What was asked for that the sandbox does not do."""
    nonces: dict[tuple[int, object], Message] = field(default_factory=dict)
    """The last message of each author and nonce."""
    forwarded_files: set[int] = field(default_factory=set)
    """Attachments that a forwarded message shows as well, by id."""
    strict: bool = True
    """Whether fields that the sandbox does not know are refused, which finds spelling mistakes."""
    files_url: str = ""
    """Where the files of messages are served."""

    def publish(
        self, kind: FeedEventKind, *, channel_id: int | None = None, message_id: int | None = None
    ) -> None:
        """Publish a change."""
        change = FeedEvent(kind=kind, at=self.clock(), channel_id=channel_id, message_id=message_id)
        self.feed.publish(change)

    def direct_channel(self, user: User) -> Channel:
        """Return the direct messages with a user, and open them if needed."""
        channel = self.world.direct_channel(user)
        if channel is None:
            channel = Channel(id=self.snowflakes.next(), kind=DIRECT_CHANNEL, recipient=user)
            self.world.channels[channel.id] = channel
        return channel

    def attachment(self, channel_id: int, *, attachment_id: int) -> Attachment | None:
        """Return a file that a message shows, or a forward of a message that was deleted since."""
        channel = self.world.channels.get(channel_id)
        for message in channel.messages if channel else ():
            for attachment in message.attachments:
                kept = not message.deleted or attachment_id in self.forwarded_files
                if attachment.id == attachment_id and kept:
                    return attachment
        return None

    def remove_bot(self, guild: Guild) -> None:
        """Remove the bot from the guild, and send it the event."""
        guild.has_bot = False
        guild.members.pop(self.world.bot.id, None)
        gone: Payload = {"id": str(guild.id)}
        self.gateway.dispatch("GUILD_DELETE", payload=gone, guild_id=guild.id, intent=GUILDS)
        self.publish(FeedEventKind.GUILD)

    def post_size(self, channel: Channel) -> int:
        """Return how many bytes one file can have that the bot posts in the channel."""
        boosted = BOOSTED_SIZES.get(channel.guild.premium_tier, 0) if channel.guild else 0
        return max(self.limits.attachment_size, boosted)

    def answer_size(self, channel: Channel) -> int:
        """Return how many bytes a file of an interaction's answer can have: the member's limit counts too."""
        return max(self.post_size(channel), self.limits.member_attachment_size)

    def channel_for_bot(self, channel_id: int) -> Channel:
        """Return a channel that the bot sees.

        Raises:
            ApiError: 10003 when there is none, 50001 when it is hidden from the bot.
        """
        channel = self.world.channels.get(channel_id)
        if channel is None:
            raise unknown_channel()
        if channel.kind != DIRECT_CHANNEL:
            self.need(channel, Permission.VIEW_CHANNEL)
        return channel

    def text_channel_for_bot(self, channel_id: int) -> Channel:
        """Return a channel whose messages the bot sees: the text of a voice channel needs Connect as well.

        Raises:
            ApiError: 10003 when there is none, 50001 when it or its text is hidden from the bot.
        """
        channel = self.channel_for_bot(channel_id)
        if channel.kind in WITH_VOICE and Permission.CONNECT not in self.world.bot_permissions(channel):
            raise missing_access()
        return channel

    def need(self, channel: Channel, permission: Permission) -> None:
        """Raise unless the bot has the permission in the channel.

        Raises:
            ApiError: 50001 when it does not even see the channel, else 50013.
        """
        granted = self.world.bot_permissions(channel)
        if Permission.VIEW_CHANNEL not in granted:
            raise missing_access()
        if permission not in granted:
            raise missing_permissions()

    def announce(self, message: Message, *, event: str, payload: Payload) -> None:
        """Send the bot a message's event, unless it is ephemeral or in a channel hidden from it."""
        channel = self.world.channels.get(message.channel_id)
        if channel is None or message.visible_to is not None:
            return
        if Permission.VIEW_CHANNEL not in self.world.bot_permissions(channel):
            return
        guild_id = channel.guild.id if channel.guild else None
        place: Payload = {} if guild_id is None else {"guild_id": str(guild_id)}
        intent = DIRECT_MESSAGES if guild_id is None else GUILD_MESSAGES
        self.gateway.dispatch(event, payload=payload | place, guild_id=guild_id, intent=intent)
