"""Messages as a member reads them."""

from sandbox.discord.model.message import Message
from sandbox.discord.payloads import Payload, entries, text
from sandbox.discord.people.transcript import message_lines


def seen(message: Message) -> str:
    """Return all that a member sees of the message."""
    return "\n".join(message_lines(message))


def title(message: Message) -> str:
    """Return the title of the message's first embed."""
    return text(message.embeds[0], "title") if message.embeds else ""


def titles(message: Message) -> list[str]:
    """Return every different title that the message ever had, in their order."""
    had = [text(state.embeds[0], "title") for state in message.states if state.embeds]
    return list(dict.fromkeys(had))


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
