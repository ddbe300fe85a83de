"""A message's contents, ready to be sent in any way."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict

import discord

from bot.chat.text.formatting import CONTENT_LIMIT


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    data: bytes = field(repr=False)
    description: str | None = None
    """A description of its contents for screen readers."""


class MessageFields(TypedDict, total=False):
    """The arguments that all ways of sending share."""

    content: str
    embeds: list[discord.Embed]
    view: discord.ui.View
    allowed_mentions: discord.AllowedMentions


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedMessage:
    """The contents of a message, with its files as bytes: a `discord.File` can be sent only once."""

    content: str = ""
    embeds: Sequence[discord.Embed] = ()
    view: discord.ui.View = field(default_factory=discord.ui.View)
    attachments: Sequence[Attachment] = ()
    notifies: int | None = None
    """The id of the one user whom a mention in the content notifies."""
    notifies_role: int | None = None
    """The id of the one role that a mention in the content notifies."""

    def fields(self) -> MessageFields:
        """Return the arguments for one attempt, without the files."""
        users = [] if self.notifies is None else [discord.Object(self.notifies)]
        roles = [] if self.notifies_role is None else [discord.Object(self.notifies_role)]
        mentions = discord.AllowedMentions(everyone=False, roles=roles, replied_user=False, users=users)
        fields = MessageFields(
            content=self.content[:CONTENT_LIMIT], embeds=list(self.embeds), allowed_mentions=mentions
        )
        if self.view.children:
            fields["view"] = self.view
        return fields

    def files(self) -> list[discord.File]:
        """Build the files for one attempt."""
        return [
            discord.File(io.BytesIO(one.data), filename=one.name, description=one.description)
            for one in self.attachments
        ]

    def is_shown_by(self, message: discord.Message) -> bool:
        """Tell whether the message has these contents."""
        shown = [(embed.title, embed.description) for embed in message.embeds]
        ids = {getattr(item, "custom_id", None) for item in self.view.children} - {None}
        return (
            message.content.strip() == self.content[:CONTENT_LIMIT].strip()
            and all((embed.title, embed.description) in shown for embed in self.embeds)
            and ids <= custom_ids(message)
        )


def custom_ids(message: discord.Message) -> set[str]:
    """Return the custom ids of the message's buttons; link buttons have none."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return {part.custom_id for row in rows for part in row.children if part.custom_id is not None}
