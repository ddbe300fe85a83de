"""Users, guilds, channels and messages as Discord's JSON."""

from collections.abc import Sequence
from datetime import datetime

from sandbox.discord.model.message import THREAD_STARTER, Attachment, Message
from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.users import User
from sandbox.discord.model.world import (
    DIRECT_CHANNEL,
    FORUM_CHANNEL,
    PRIVATE_THREAD,
    STAGE_CHANNEL,
    VOICE_CHANNEL,
    BotAddition,
    Channel,
    Guild,
    Member,
    Overwrite,
    Role,
    TeamMember,
    Thread,
    World,
)
from sandbox.discord.payloads import Payload, number

APPLICATION_FLAGS = 1 << 23
"""APPLICATION_COMMAND_BADGE."""
GUILD_FIELDS_WITHOUT_VALUE = (
    *("icon", "splash", "discovery_splash", "home_header", "banner", "description", "vanity_url_code"),
    *("system_channel_id", "afk_channel_id", "widget_channel_id", "rules_channel_id"),
    *("public_updates_channel_id", "safety_alerts_channel_id", "application_id"),
)
GUILD_FIELDS_AT_ZERO = (
    *("verification_level", "default_message_notifications", "explicit_content_filter", "mfa_level"),
    *("nsfw_level", "premium_subscription_count", "system_channel_flags"),
)
VOICE_FIELDS: Payload = {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
FORUM_FIELDS: Payload = {
    "available_tags": [],
    "default_reaction_emoji": None,
    "default_sort_order": None,
    "default_forum_layout": 0,
}
CHANNEL_FIELDS = {VOICE_CHANNEL: VOICE_FIELDS, STAGE_CHANNEL: VOICE_FIELDS, FORUM_CHANNEL: FORUM_FIELDS}
"""What a channel has beside the fields of a text channel, by its kind."""


BOT_ADD = 28
"""Discord's reference, "Audit Log Events"."""


def stamp(at: datetime) -> str:
    """Return a time in Discord's ISO form with microseconds."""
    return at.isoformat(timespec="microseconds")


def user_payload(user: User) -> Payload:
    """Return a user as others see it."""
    return {
        "id": str(user.id),
        "username": user.name.lower().replace(" ", "_"),
        "global_name": None if user.is_bot else user.name,
        "discriminator": "0",
        "avatar": None,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "public_flags": 0,
        "flags": 0,
        **({"bot": True} if user.is_bot else {}),
    }


def own_user_payload(user: User) -> Payload:
    """Return the bot's user as `GET /users/@me` shows it."""
    own: Payload = {
        "mfa_enabled": True,
        "locale": "en-US",
        "premium_type": 0,
        "email": None,
        "verified": True,
    }
    return user_payload(user) | own


def application_payload(world: World) -> Payload:
    """Return the application as its owner sees it."""
    return {
        "id": str(world.application_id),
        "name": world.application_name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user_payload(world.bot),
        "bot_public": world.is_public,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": APPLICATION_FLAGS,
        "flags_new": str(APPLICATION_FLAGS),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user_payload(world.owner),
        "approximate_guild_count": sum(guild.has_bot for guild in world.guilds.values()),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": team_payload(world) if world.team else None,
        "eligible_oauth2_scopes": [],
    }


def team_payload(world: World) -> Payload:
    """Return the application's team, including those who were only invited."""
    team_id = str(world.application_id + 1)
    return {
        "id": team_id,
        "name": f"The team of {world.application_name}",
        "icon": None,
        "owner_user_id": str(world.owner.id),
        "members": [
            {
                "user": user_payload(member.user),
                "team_id": team_id,
                "membership_state": 2 if member.has_accepted else 1,
                "role": member.role,
                "permissions": ["*"],
            }
            for member in (TeamMember(user=world.owner, role="admin"), *world.team)
        ],
    }


def audit_log_payload(additions: Sequence[BotAddition], users: Sequence[User]) -> Payload:
    """Return the entries of an audit log about bots that were added, with the users that they name."""
    return {
        "application_commands": [],
        "audit_log_entries": [
            {
                "id": str(one.id),
                "action_type": BOT_ADD,
                "user_id": str(one.user_id),
                "target_id": str(one.bot_id),
            }
            for one in additions
        ],
        "auto_moderation_rules": [],
        "guild_scheduled_events": [],
        "integrations": [],
        "threads": [],
        "users": [user_payload(user) for user in users],
        "webhooks": [],
    }


def member_payload(member: Member, *, permissions: Permission | None = None) -> Payload:
    """Return a member; with the permissions in a channel if an interaction carries it."""
    payload: Payload = {
        "user": user_payload(member.user),
        "nick": member.nick,
        "roles": [str(role_id) for role_id in member.role_ids],
        "joined_at": stamp(member.joined_at),
        "avatar": None,
        "banner": None,
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "flags": 0,
        "mute": False,
        "deaf": False,
    }
    return payload if permissions is None else payload | {"permissions": str(int(permissions))}


def role_payload(role: Role) -> Payload:
    """Return a role."""
    return {
        "id": str(role.id),
        "name": role.name,
        "permissions": str(int(role.permissions)),
        "position": role.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": role.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel_payload(channel: Channel, *, viewer_id: int = 0) -> Payload:
    """Return a channel of any kind; `viewer_id` is told of its own membership of a thread."""
    last = next((message.id for message in reversed(channel.messages) if message.visible_to is None), None)
    payload: Payload = {
        "id": str(channel.id),
        "type": channel.kind,
        "last_message_id": None if last is None else str(last),
        "flags": 0,
    }
    if channel.kind == DIRECT_CHANNEL:
        return payload | {"recipients": [user_payload(channel.recipient)] if channel.recipient else []}
    payload |= {
        "guild_id": str(channel.guild.id) if channel.guild else None,
        "name": channel.name,
        "parent_id": str(channel.parent.id) if channel.parent else None,
        "rate_limit_per_user": 0,
    }
    if channel.thread is not None:
        return payload | _thread_fields(channel, thread=channel.thread, viewer_id=viewer_id)
    return (
        payload
        | {
            "position": channel.position,
            "topic": None,
            "nsfw": False,
            "permission_overwrites": [_overwrite_payload(one) for one in channel.overwrites.values()],
        }
        | CHANNEL_FIELDS.get(channel.kind, {})
    )


def _thread_fields(channel: Channel, *, thread: Thread, viewer_id: int) -> Payload:
    shown = [message for message in channel.messages if message.visible_to is None]
    fields: Payload = {
        "owner_id": str(thread.owner_id),
        "message_count": sum(not message.deleted for message in shown),
        "total_message_sent": len(shown),
        "member_count": len(thread.member_ids),
        "thread_metadata": {
            "archived": thread.archived,
            "archive_timestamp": stamp(thread.changed_at),
            "auto_archive_duration": 1440,
            "locked": thread.locked,
            "create_timestamp": stamp(thread.created_at),
            **({"invitable": True} if channel.kind == PRIVATE_THREAD else {}),
        },
    }
    if channel.parent is not None and channel.parent.kind == FORUM_CHANNEL:
        fields["applied_tags"] = []
    if viewer_id in thread.member_ids:
        joined: Payload = {"id": str(channel.id), "user_id": str(viewer_id), "flags": 0}
        fields["member"] = joined | {"join_timestamp": stamp(thread.created_at)}
    return fields


def _overwrite_payload(overwrite: Overwrite) -> Payload:
    return {
        "id": str(overwrite.target_id),
        "type": 0 if overwrite.is_role else 1,
        "allow": str(int(overwrite.allow)),
        "deny": str(int(overwrite.deny)),
    }


def guild_payload(guild: Guild) -> Payload:
    """Return a guild as `GET /guilds/{id}` shows it."""
    return {
        **dict.fromkeys(GUILD_FIELDS_WITHOUT_VALUE),
        **dict.fromkeys(GUILD_FIELDS_AT_ZERO, 0),
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "region": "local",
        "afk_timeout": 300,
        "widget_enabled": False,
        "roles": [role_payload(role) for role in guild.roles.values()],
        "emojis": [],
        "stickers": [],
        "features": [],
        "premium_tier": guild.premium_tier,
        "incidents_data": None,
        "max_presences": None,
        "max_members": 500_000,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "preferred_locale": guild.locale,
        "nsfw": False,
        "premium_progress_bar_enabled": False,
        "approximate_member_count": len(guild.members),
        "approximate_presence_count": len(guild.members),
    }


def guild_create_payload(guild: Guild, *, bot: User, every_member: bool) -> Payload:
    """Return a guild as the gateway sends it; other members only to a client with that intent."""
    members = [member for member in guild.members.values() if every_member or member.user is bot]
    own = guild.members.get(bot.id)
    empty = ("voice_states", "presences", "stage_instances", "guild_scheduled_events")
    return guild_payload(guild) | {
        **{name: [] for name in (*empty, "soundboard_sounds")},
        "joined_at": stamp(own.joined_at) if own else None,
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_payload(member) for member in members],
        "channels": [channel_payload(channel) for channel in guild.channels.values()],
        "threads": [channel_payload(each, viewer_id=bot.id) for each in active_threads(guild, member=own)],
    }


def active_threads(guild: Guild, *, member: Member | None) -> list[Channel]:
    """Return the open threads that the member sees."""
    return [
        channel
        for channel in guild.threads.values()
        if channel.thread is not None
        and not channel.thread.archived
        and member is not None
        and Permission.VIEW_CHANNEL in guild.permissions(member, channel=channel)
    ]


def attachment_payload(attachment: Attachment, *, ephemeral: bool) -> Payload:
    """Return a file of a message."""
    payload: Payload = {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": len(attachment.content),
        "url": attachment.url,
        "proxy_url": attachment.url,
        "content_type": attachment.content_type,
    }
    if attachment.description is not None:
        payload["description"] = attachment.description
    return payload | ({"ephemeral": True} if ephemeral else {})


def snapshot_payload(message: Message, *, world: World) -> Payload:
    """Return what a forwarded copy of the message shows: nothing tells who wrote it."""
    state = message.now
    listed = message.listed_attachments
    return {
        "type": message.kind,
        "content": state.content,
        "embeds": list(state.embeds),
        "components": list(state.components),
        "attachments": [attachment_payload(one, ephemeral=message.ephemeral) for one in listed],
        "mentions": [user_payload(world.users[each]) for each in state.mentions if each in world.users],
        "mention_roles": [str(role_id) for role_id in state.mention_roles],
        "timestamp": stamp(message.created_at),
        "edited_timestamp": stamp(message.edited_at) if message.edited_at else None,
        "flags": state.flags,
    }


def message_payload(message: Message, *, world: World) -> Payload:
    """Return a message as it is now."""
    payload = snapshot_payload(message, world=world) | {
        "id": str(message.id),
        "channel_id": str(message.channel_id),
        "author": user_payload(message.author),
        "mention_everyone": message.now.mention_everyone,
        "pinned": False,
        "tts": False,
    }
    if message.nonce is not None:
        payload["nonce"] = message.nonce
    if message.reference is not None:
        payload["message_reference"] = dict(message.reference)
        if message.kind == THREAD_STARTER:
            payload["referenced_message"] = _referenced(message.reference, world=world)
    if message.snapshots:
        payload["message_snapshots"] = [{"message": snapshot} for snapshot in message.snapshots]
    if message.author.is_bot and message.webhook_id is not None:
        payload["webhook_id"] = str(message.webhook_id)
        payload["application_id"] = str(world.application_id)
    if message.interaction:
        payload["interaction_metadata"] = message.interaction
    return payload


def _referenced(reference: Payload, *, world: World) -> Payload | None:
    channel = world.channels.get(number(reference, "channel_id"))
    found = channel.message(number(reference, "message_id")) if channel else None
    return message_payload(found, world=world) if found else None
