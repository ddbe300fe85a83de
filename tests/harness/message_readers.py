"""Messages as a member reads them."""

import re

from sandbox.discord.model.message import Message, MessageState
from sandbox.discord.payloads import Payload, entries, text
from sandbox.discord.people.transcript import message_lines

SONG_LINK = "](<https://discord.com/channels/"
"""Words of a status that links to its result."""


def seen(message: Message) -> str:
    """Return all that a member sees of the message."""
    return "\n".join(message_lines(message))


def title(message: Message) -> str:
    """Return the title of the message's first embed, or else the first words of its content."""
    return _title(message.now)


def titles(message: Message) -> list[str]:
    """Return every different title that the message ever had, in their order."""
    return list(dict.fromkeys(filter(None, map(_title, message.states))))


def _title(state: MessageState) -> str:
    if state.embeds:
        return text(state.embeds[0], "title")
    return re.split(r"[.:]", state.content.replace("*", ""))[0].strip()


def fields(embed: Payload) -> dict[str, str]:
    """Return the values of an embed's fields by their names."""
    return {text(field, "name"): text(field, "value") for field in entries(embed, "fields")}


def links(message: Message) -> dict[str, str]:
    """Return where the message's link buttons lead, by their labels."""
    parts = [part for row in message.components for part in entries(row, "components")]
    return {text(part, "label"): text(part, "url") for part in parts if part.get("url")}


def labels(message: Message) -> list[str]:
    """Return the labels of the message's buttons."""
    return [text(part, "label") for row in message.components for part in entries(row, "components")]


def song_link(status: Message) -> str:
    """Return where the one line of a finished status leads."""
    (url,) = re.findall(r"\]\(<(https://discord\.com/channels/[^>]+)>\)", status.content)
    return str(url)


def listen_links(result: Message) -> list[str]:
    """Return where the links in the lines of a result's clips lead."""
    lines = (text(embed, "description") for embed in result.embeds)
    return [str(url) for line in lines for url in re.findall(r"\[listen\]\(<([^>]+)>\)", line)]
