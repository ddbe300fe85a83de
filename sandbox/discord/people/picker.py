"""The command picker of Discord's client: it finds a command, checks its values, and types them."""

from dataclasses import dataclass, field

from sandbox.discord.model.message import Message
from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.users import User
from sandbox.discord.model.world import WITHOUT_MESSAGES, Channel, Guild, Member, Role
from sandbox.discord.payloads import Payload, as_payload, entries, items, number, text
from sandbox.discord.rendering import (
    channel_payload,
    member_payload,
    message_payload,
    role_payload,
    user_payload,
)
from sandbox.discord.rules.commands import (
    BOOLEAN,
    CHANNEL,
    GROUP,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    SUBCOMMAND,
    USER,
)
from sandbox.discord.state import State

IN_CHAT, ON_MESSAGE = 1, 3
"""Where a command is used (Discord's reference, "Application Command Types")."""


class PickerError(AssertionError):
    """An act that Discord's client would not let the person do."""


@dataclass(slots=True, kw_only=True)
class Picked:
    """A command with typed options, ready to be sent."""

    command: Payload
    path: list[str]
    """The names of the subcommand group and subcommand."""
    declared: list[Payload]
    """The options that the command, or the subcommand, has."""
    chosen: list[Payload] = field(default_factory=list)
    resolved: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def data(self) -> Payload:
        """Return the `data` of the interaction."""
        options = self.chosen
        for depth, name in reversed(list(enumerate(self.path))):
            kind = GROUP if depth + 1 < len(self.path) else SUBCOMMAND
            options = [{"type": kind, "name": name, "options": options}]
        data: Payload = {
            "id": self.command["id"],
            "type": self.command["type"],
            "name": self.command["name"],
            "options": options,
        }
        if "guild_id" in self.command:
            data["guild_id"] = self.command["guild_id"]
        return data | ({"resolved": self.resolved} if self.resolved else {})


def pick(state: State, *, line: str, member: Member | None, channel: Channel) -> Picked:
    """Return the command of that name, for example `quota grant`, that the person is offered in the channel.

    Raises:
        PickerError: There is none, or it is not offered to this person.
    """
    root, *path = line.removeprefix("/").split()
    command = _command(state, name=root, member=member, channel=channel)
    declared = entries(command, "options")
    for name in path:
        inner = next(
            (one for one in declared if one["name"] == name and one["type"] in (SUBCOMMAND, GROUP)), None
        )
        if inner is None:
            raise PickerError(f"/{line} is not registered")
        declared = entries(inner, "options")
    if any(option["type"] in (SUBCOMMAND, GROUP) for option in declared):
        raise PickerError(f"/{line} needs a subcommand")
    return Picked(command=command, path=path, declared=declared)


def on_message(
    state: State, *, message: Message, name: str, member: Member | None, channel: Channel
) -> Payload:
    """Return the `data` of a message command used on the message.

    Raises:
        PickerError: There is no such command, or it is not offered to this person.
    """
    command = _command(state, name=name, member=member, channel=channel, kind=ON_MESSAGE)
    data: Payload = {each: command[each] for each in ("id", "type", "name", "guild_id") if each in command}
    target = str(message.id)
    shown = {target: message_payload(message, world=state.world)}
    return data | {"target_id": target, "resolved": {"messages": shown}}


def offered(state: State, *, member: Member, channel: Channel, kind: int = IN_CHAT) -> list[Payload]:
    """Return the commands that the member is offered in the channel, by their names."""
    places = [channel.guild.id, None] if channel.guild else [None]
    registered = [one for place in places for one in state.commands.by_guild.get(place, [])]
    names = sorted({text(one, "name") for one in registered if one["type"] == kind})
    found = (_offered(state, name=name, member=member, channel=channel, kind=kind) for name in names)
    return [command for command in found if command is not None]


def _offered(state: State, *, name: str, member: Member, channel: Channel, kind: int) -> Payload | None:
    try:
        return _command(state, name=name, member=member, channel=channel, kind=kind)
    except PickerError:
        return None


def _command(
    state: State, *, name: str, member: Member | None, channel: Channel, kind: int = IN_CHAT
) -> Payload:
    command = state.commands.find(name, guild_id=channel.guild.id if channel.guild else None, kind=kind)
    if command is None:
        raise PickerError(f"no command /{name} is registered here")
    contexts = items(command, "contexts")
    if contexts and (0 if channel.guild else 1) not in contexts:
        raise PickerError(f"/{name} is not offered here")
    if member is not None and channel.guild is not None:
        _check_offered(command, guild=channel.guild, member=member, channel=channel)
    return command


def _check_offered(command: Payload, *, guild: Guild, member: Member, channel: Channel) -> None:
    if channel.kind in WITHOUT_MESSAGES:
        raise PickerError("nothing can be typed in this channel")
    granted = guild.permissions(member, channel=channel)
    if not granted & Permission.VIEW_CHANNEL or not granted & Permission.USE_APPLICATION_COMMANDS:
        raise PickerError("the person cannot use commands in this channel")
    needed = number(command, "default_member_permissions")
    hidden = command.get("default_member_permissions") == "0" or int(granted) & needed != needed
    if hidden and Permission.ADMINISTRATOR not in granted:
        raise PickerError(f"/{command['name']} is not offered to this person")


def enter(picked: Picked, *, values: dict[str, object], guild: Guild | None, past_picker: bool) -> None:
    """Enter the values as the options' types; `past_picker` leaves out the client's own checks.

    Raises:
        PickerError: The client would not send this.
    """
    by_name = {text(option, "name"): option for option in picked.declared}
    if unknown := values.keys() - by_name.keys():
        raise PickerError(f"no such option: {', '.join(sorted(unknown))}")
    missing = [name for name, option in by_name.items() if option.get("required") and name not in values]
    if missing and not past_picker:
        raise PickerError(f"required: {', '.join(missing)}")
    for name, value in values.items():
        option = by_name[name]
        if not past_picker:
            _check(option, value)
        picked.chosen.append(
            {
                "type": option["type"],
                "name": name,
                "value": entered(picked.resolved, value=value, guild=guild),
            }
        )


def entered(resolved: dict[str, dict[str, object]], *, value: object, guild: Guild | None) -> object:
    """Return the value as it is sent; the object of an id is added to `resolved`."""
    match value:
        case Member():
            key = str(value.user.id)
            resolved.setdefault("users", {})[key] = user_payload(value.user)
            granted = guild.permissions(value) if guild else Permission(0)
            partial = member_payload(value, permissions=granted)
            partial.pop("user")
            resolved.setdefault("members", {})[key] = partial
            return key
        case User():  # a user who has left, by the id
            resolved.setdefault("users", {})[str(value.id)] = user_payload(value)
            return str(value.id)
        case Role():
            resolved.setdefault("roles", {})[str(value.id)] = role_payload(value)
            return str(value.id)
        case Channel():
            shown = channel_payload(value) | {"permissions": "0"}
            resolved.setdefault("channels", {})[str(value.id)] = shown
            return str(value.id)
        case _:
            return value


ACCEPTED: dict[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    USER: (Member, User),
    CHANNEL: (Channel,),
    ROLE: (Role,),
    MENTIONABLE: (Member, Role),
    NUMBER: (int, float),
}


def _check(option: Payload, value: object) -> None:
    kind, name = number(option, "type"), option["name"]
    if kind not in ACCEPTED or not isinstance(value, ACCEPTED[kind]):
        raise PickerError(f"{name}: {value!r} is not of option type {kind}")
    if isinstance(value, bool) and kind != BOOLEAN:
        raise PickerError(f"{name}: {value!r} is not of option type {kind}")
    wanted = items(option, "channel_types")
    if isinstance(value, Channel) and wanted and value.kind not in wanted:
        raise PickerError(f"{name}: a channel of kind {value.kind} is not offered")
    choices = [as_payload(choice).get("value") for choice in items(option, "choices")]
    if choices and value not in choices:
        raise PickerError(f"{name}: {value!r} is none of the choices")
    if isinstance(value, int | float):
        _check_between(name, value, least=option.get("min_value"), most=option.get("max_value"))
    if isinstance(value, str):
        _check_between(name, len(value), least=option.get("min_length"), most=option.get("max_length", 6000))
        if not value.strip() and option.get("required"):
            raise PickerError(f"{name} is empty")


def _check_between(name: object, size: float, *, least: object, most: object) -> None:
    if isinstance(least, int | float) and size < least:
        raise PickerError(f"{name}: {size} is below {least}")
    if isinstance(most, int | float) and size > most:
        raise PickerError(f"{name}: {size} is above {most}")
