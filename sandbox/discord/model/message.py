"""Messages with all their past states."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sandbox.discord.model.users import User
from sandbox.discord.payloads import Payload, entry, text
from sandbox.discord.rules.messages import EPHEMERAL, LOADING, SUPPRESS_EMBEDS

THREAD_STARTER = 21
"""The kind of the first message of a thread that was started from another message."""


class Origin(StrEnum):
    """The right by which a message was created or changed."""

    BOT = "bot token"
    INTERACTION = "interaction token"
    MEMBER = "member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of a message, with its bytes."""

    id: int
    filename: str
    content_type: str
    content: bytes
    url: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageState:
    """The content of a message from one moment on."""

    at: datetime
    origin: Origin
    content: str = ""
    embeds: tuple[Payload, ...] = ()
    components: tuple[Payload, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    flags: int = 0
    mentions: tuple[int, ...] = ()
    mention_roles: tuple[int, ...] = ()
    mention_everyone: bool = False
    deleted: bool = False

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to show."""
        return not (self.content or self.embeds or self.attachments or self.components)


@dataclass(slots=True, kw_only=True)
class Message:
    """A message; what it shows now is the last of its states."""

    id: int
    channel_id: int
    author: User
    created_at: datetime
    states: list[MessageState]
    visible_to: int | None = None
    """The one user who sees an ephemeral message."""
    kind: int = 0
    """0 is a plain message, 19 a reply, 20 the answer to a command (Discord's reference, "Message Types")."""
    nonce: str | int | None = None
    interaction: Payload = field(default_factory=dict)
    """The `interaction_metadata` of a message that came through an interaction."""
    command_name: str = ""
    webhook_id: int | None = None
    reference: Payload | None = None
    snapshots: tuple[Payload, ...] = ()
    """What a forwarded message showed when it was forwarded."""
    edited_at: datetime | None = None
    pinged: frozenset[int] = frozenset()
    """The users whom the message notified: at its posting, an edit notifies nobody."""

    @property
    def now(self) -> MessageState:
        """Return the present state."""
        return self.states[-1]

    @property
    def content(self) -> str:
        """Return the text."""
        return self.now.content

    @property
    def embeds(self) -> tuple[Payload, ...]:
        """Return the embeds as Discord keeps them."""
        return self.now.embeds

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Return all files, those that an embed shows as well."""
        return self.now.attachments

    @property
    def components(self) -> tuple[Payload, ...]:
        """Return the rows of buttons and selects."""
        return self.now.components

    @property
    def ephemeral(self) -> bool:
        """Tell whether one user alone sees it."""
        return bool(self.now.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Tell whether it is a deferral that shows "is thinking..."."""
        return bool(self.now.flags & LOADING)

    @property
    def deleted(self) -> bool:
        """Tell whether it was deleted."""
        return self.now.deleted

    @property
    def listed_attachments(self) -> list[Attachment]:
        """Return the files that are listed below the message: those that no embed shows."""
        shown = {url for embed in self.embeds for url in _media_urls(embed)}
        return [attachment for attachment in self.attachments if attachment.url not in shown]

    @property
    def shown_embeds(self) -> list[Payload]:
        """Return the visible embeds: those that share a URL are one, and a moderator can hide all."""
        if self.now.flags & SUPPRESS_EMBEDS:
            return []
        seen: set[str] = set()
        shown = []
        for embed in self.embeds:
            url = text(embed, "url")
            if not url or url not in seen:
                shown.append(embed)
            seen.add(url)
        return shown


def _media_urls(embed: Payload) -> list[str]:
    places = [("image", "url"), ("thumbnail", "url"), ("footer", "icon_url"), ("author", "icon_url")]
    return [text(entry(embed, place), field_name) for place, field_name in places]
