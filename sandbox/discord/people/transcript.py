"""A channel as one member sees it, in plain lines."""

import re
from collections.abc import Iterator

from sandbox.discord.model.message import Message
from sandbox.discord.model.world import Channel
from sandbox.discord.payloads import Payload, entries, entry, text
from sandbox.discord.people.person import Person
from sandbox.discord.rules.components import BUTTON, LINK_STYLE

MENTION = re.compile(r"<@!?(\d+)>")
KIB, MIB = 1024, 1024 * 1024


def transcript(channel: Channel, *, seen_by: Person) -> str:
    """Return everything that the person sees in the channel, oldest first."""
    names = {str(user_id): member.display_name for user_id, member in seen_by.guild.members.items()}
    lines = (line for message in channel.seen_by(seen_by.user) for line in message_lines(message))
    return "\n".join(MENTION.sub(lambda found: f"@{names.get(found[1], found[1])}", line) for line in lines)


def message_lines(message: Message) -> Iterator[str]:
    """Return one message: who and when, text, files, embeds, buttons, and who alone sees it."""
    if message.command_name:
        yield f"{text(entry(message.interaction, 'user'), 'global_name')} used /{message.command_name}"
    badge = " [BOT]" if message.author.is_bot else ""
    edited = " (edited)" if message.edited_at else ""
    yield f"{message.author.name}{badge} {message.created_at:%H:%M}{edited}"
    if message.loading:
        yield f"  {message.author.name} is thinking..."
    yield from (f"  {line}" for line in message.content.splitlines())
    for snapshot in message.snapshots:
        yield "  forwarded:"
        yield from (f"  > {line}" for line in text(snapshot, "content").splitlines())
        for embed in entries(snapshot, "embeds"):
            yield from (f"  > | {line}" for line in _embed_lines(embed))
    for attachment in message.listed_attachments:
        yield f"  [file: {attachment.filename}, {_size(len(attachment.content))}]"
    for embed in message.shown_embeds:
        yield from (f"  | {line}" for line in _embed_lines(embed))
    for row in message.components:
        yield "  " + " ".join(_component(part) for part in entries(row, "components"))
    if message.ephemeral:
        yield "  (only you can see this)"


def _embed_lines(embed: Payload) -> Iterator[str]:
    if author := text(entry(embed, "author"), "name"):
        yield author
    if title := text(embed, "title"):
        yield f"{title} <{url}>" if (url := text(embed, "url")) else title
    yield from text(embed, "description").splitlines()
    for field in entries(embed, "fields"):
        value = text(field, "value").splitlines() or [""]
        yield f"{text(field, 'name')}: {value[0]}"
        yield from (f"  {line}" for line in value[1:])
    for place in ("image", "thumbnail"):
        if url := text(entry(embed, place), "url"):
            yield f"[{place}: {url}]"
    if footer := text(entry(embed, "footer"), "text"):
        yield f"-- {footer}"


def _component(part: Payload) -> str:
    if part["type"] != BUTTON:
        return f"[{text(part, 'placeholder') or 'Make a selection'} v]"
    label = " ".join(filter(None, (text(entry(part, "emoji"), "name"), text(part, "label"))))
    if part.get("style") == LINK_STYLE:
        return f"[{label} -> {text(part, 'url')}]"
    return f"[{label} (off)]" if part.get("disabled") else f"[{label}]"


def _size(count: int) -> str:
    if count >= MIB:
        return f"{count / MIB:.1f} MiB"
    return f"{count / KIB:.1f} KiB" if count >= KIB else f"{count} B"
