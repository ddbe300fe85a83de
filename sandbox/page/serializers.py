"""People, channels and messages as JSON for the page: all that it draws and nothing more."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from sandbox.discord.commands import localized
from sandbox.discord.model.message import Message
from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.users import User
from sandbox.discord.model.world import WITHOUT_MESSAGES, Channel, Guild, Member, World
from sandbox.discord.payloads import Payload, as_payload, entries, entry, number, text
from sandbox.discord.people.picker import IN_CHAT, ON_MESSAGE, offered
from sandbox.discord.rendering import attachment_payload
from sandbox.discord.rules.components import BUTTON
from sandbox.discord.rules.locales import LOCALES
from sandbox.discord.state import State

MEDIA = ("image", "thumbnail")
ICONS = ("author", "footer")
QUOTED = 300
"""Characters of a message for the reply line, which is cut to the width of the page."""


def channels_of(member: Member, *, world: World) -> list[Channel]:
    """Return the guild's channels that the member sees, then the direct messages with the bot, if any."""
    guild = member.guild
    seen = [
        channel
        for channel in guild.channels.values()
        if channel.kind not in WITHOUT_MESSAGES
        and Permission.VIEW_CHANNEL in guild.permissions(member, channel=channel)
    ]
    direct = world.direct_channel(member.user)
    return [*seen, direct] if direct and direct.messages else seen


class PageSerializer:
    """Serializer for one page; pictures from the `trusted` origins are passed on to it."""

    def __init__(self, state: State, *, trusted: tuple[str, ...]) -> None:
        self._state = state
        self._trusted = trusted

    def places(self, member: Member, *, people: Sequence[Member] = ()) -> Payload:
        """Return who the page is and can be, and what this person sees of the server apart from messages."""
        guild, world = member.guild, self._state.world
        channels = channels_of(member, world=world)
        return {
            "type": "places",
            "me": str(member.user.id),
            "locale": member.user.locale,
            "locales": [{"code": code, "name": name} for code, name in LOCALES.items()],
            "guild": guild.name,
            "people": [_user(one.user) | {"standing": _standing(one, world=world)} for one in people],
            "members": [_member(one) for one in guild.members.values()],
            "roles": [
                {"id": str(role.id), "name": role.name}
                for role in guild.roles.values()
                if role.id != guild.id
            ],
            "channels": [_channel(one, guild=guild) for one in channels],
            "commands": {
                str(one.id): [
                    localized(command, locale=member.user.locale)
                    for kind in (IN_CHAT, ON_MESSAGE)
                    for command in offered(self._state, member=member, channel=one, kind=kind)
                ]
                for one in channels
                if one.guild is not None
            },
        }

    def history(self, member: Member) -> Payload:
        """Return every message that this person sees."""
        channels = channels_of(member, world=self._state.world)
        seen = [message for channel in channels for message in channel.seen_by(member.user)]
        return {"type": "history", "messages": [self.message(message) for message in seen]}

    def message(self, message: Message) -> Payload:
        """Return one message as it is now."""
        return {
            "id": str(message.id),
            "channel": str(message.channel_id),
            "author": _user(message.author),
            "at": message.created_at.timestamp(),
            "edited": message.edited_at.timestamp() if message.edited_at else None,
            "content": message.content,
            "embeds": [self._embed(embed) for embed in message.shown_embeds],
            "files": [
                self._file(attachment_payload(one, ephemeral=message.ephemeral))
                for one in message.listed_attachments
            ],
            "forwarded": self._forwarded(message),
            "components": list(message.components),
            "ephemeral": message.ephemeral,
            "loading": message.loading,
            "used": self._used(message),
            "reply": self._reply(message),
            "everyone": message.now.mention_everyone,
            "pings": [str(user_id) for user_id in message.pinged],
        }

    def address(self, url: str) -> str:
        """Return where the page finds a picture or file; empty if it is none of ours."""
        files = f"{self._state.files_url}/attachments/"
        if url.startswith(files):
            return "files/" + url.removeprefix(files)
        if any(url.startswith(f"{origin}/") for origin in self._trusted):
            return f"media?url={quote(url, safe='')}"
        return ""

    def _embed(self, embed: Payload) -> Payload:
        drawn = dict(embed)
        for place, name in [(one, "url") for one in MEDIA] + [(one, "icon_url") for one in ICONS]:
            if address := text(entry(embed, place), name):
                drawn[place] = entry(embed, place) | {"address": self.address(address)}
        return drawn

    def _file(self, attachment: Payload) -> Payload:
        return {
            "name": attachment["filename"],
            "kind": attachment["content_type"],
            "size": attachment["size"],
            "address": self.address(text(attachment, "url")),
            "description": text(attachment, "description"),
        }

    def _forwarded(self, message: Message) -> Payload | None:
        """Return what a forwarded message showed, and where it stands; its buttons stay behind."""
        if not message.snapshots or message.reference is None:
            return None
        (snapshot,) = message.snapshots
        return {
            "content": snapshot["content"],
            "embeds": [self._embed(embed) for embed in entries(snapshot, "embeds")],
            "files": [self._file(one) for one in entries(snapshot, "attachments")],
            "at": datetime.fromisoformat(text(snapshot, "timestamp")).timestamp(),
            "channel": message.reference["channel_id"],
            "id": message.reference["message_id"],
        }

    def _used(self, message: Message) -> Payload | None:
        if not message.command_name:
            return None
        name = text(entry(message.interaction, "user"), "global_name")
        return {"name": name, "command": message.command_name}

    def _reply(self, message: Message) -> Payload | None:
        """Return what is shown above a reply to another message."""
        replied = 0 if message.snapshots else number(as_payload(message.reference), "message_id")
        for name in ("interacted_message_id", "target_message_id"):
            replied = replied or number(message.interaction, name)
        channel = self._state.world.channels.get(message.channel_id)
        if not replied or channel is None:
            return None
        found = channel.message(replied)
        if found is None or found.visible_to not in (None, message.visible_to):
            # what one person alone may read is not quoted to others
            return {"id": str(replied), "name": "", "words": "Original message was deleted"}
        title = text(found.embeds[0], "title") if found.embeds else ""
        words = (found.content or title or "Click to see attachment")[:QUOTED]
        return {"id": str(replied), "name": found.author.name, "words": words}


def modal(shown: Payload, *, interaction_id: int) -> Payload:
    """Return a modal to fill in, and the id by which it is found again."""
    return shown | {"interaction": str(interaction_id)}


def button_of(custom_id: str, message: Message) -> bool:
    """Tell whether the message has a button of that id."""
    parts = [as_payload(part) for row in message.components for part in _inner(row)]
    return any(part.get("type") == BUTTON and part.get("custom_id") == custom_id for part in parts)


def _inner(row: Payload) -> list[object]:
    inner = row.get("components")
    return list(inner) if isinstance(inner, list) else []


def _user(user: User) -> Payload:
    return {"id": str(user.id), "name": user.name, "bot": user.is_bot}


def _member(member: Member) -> Payload:
    return _user(member.user) | {"name": member.display_name}


def _standing(member: Member, *, world: World) -> str:
    """Say what the person is: an owner, or what their roles make them."""
    if member.user is world.owner:
        return "The bot's owner"
    if member.user.id == member.guild.owner_id:
        return f"Owner of {member.guild.name}"
    return ", ".join(member.guild.roles[role_id].name for role_id in member.role_ids) or "Member"


def _channel(channel: Channel, *, guild: Guild) -> Payload:
    everyone = channel.overwrites.get(guild.id)
    private = everyone is not None and Permission.VIEW_CHANNEL in everyone.deny
    direct = channel.guild is None
    shown: Payload = {"id": str(channel.id), "name": channel.name, "kind": channel.kind}
    return shown | {"direct": direct, "private": private}
