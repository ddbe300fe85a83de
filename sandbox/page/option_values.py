"""Conversion of the typed command fields to values of the options' types."""

from sandbox.discord.model.world import Guild
from sandbox.discord.payloads import Payload, number, text
from sandbox.discord.people.picker import PickerError
from sandbox.discord.rules.commands import BOOLEAN, CHANNEL, INTEGER, MENTIONABLE, NUMBER, ROLE, USER

MISTAKES = {
    INTEGER: "Must be a whole number",
    NUMBER: "Must be a number",
    BOOLEAN: "Choose True or False",
    USER: "Choose a member",
    ROLE: "Choose a role",
    CHANNEL: "Choose a channel",
    MENTIONABLE: "Choose a member or a role",
}


def typed(given: Payload, *, declared: list[Payload], guild: Guild) -> dict[str, object]:
    """Return the values by the options' names, in the order in which they were given.

    Raises:
        PickerError: A value is none of its option's type.
    """
    kinds = {text(option, "name"): number(option, "type") for option in declared}
    return {name: _value(name, value, kind=kinds.get(name, 0), guild=guild) for name, value in given.items()}


def _value(name: str, given: object, *, kind: int, guild: Guild) -> object:
    try:
        return _converted(str(given), kind=kind, guild=guild)
    except (KeyError, ValueError):
        raise PickerError(f"{name}: {MISTAKES.get(kind, 'This page cannot enter that')}") from None


def _converted(words: str, *, kind: int, guild: Guild) -> object:
    match kind:
        case value if value == INTEGER:
            return int(words)
        case value if value == NUMBER:
            return float(words)
        case value if value == BOOLEAN:
            return {"true": True, "false": False}[words.lower()]
        case value if value == USER:
            return guild.members[int(words)]
        case value if value == ROLE:
            return guild.roles[int(words)]
        case value if value == CHANNEL:
            return guild.channels[int(words)]
        case value if value == MENTIONABLE:
            return guild.members.get(int(words)) or guild.roles[int(words)]
        case _:
            return words
