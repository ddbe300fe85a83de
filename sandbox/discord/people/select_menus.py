"""Selects as a person uses them: what they offer, and what is chosen."""

from collections.abc import Mapping, Sequence

from sandbox.discord.model.world import Channel, Guild, Member, Role
from sandbox.discord.payloads import Payload, entries, items, number, text
from sandbox.discord.people.picker import PickerError, entered
from sandbox.discord.rules.selects import (
    CHANNEL_SELECT,
    MENTIONABLE_SELECT,
    ROLE_SELECT,
    STRING_SELECT,
    USER_SELECT,
)

Resolved = dict[str, dict[str, object]]


def chosen(
    select: Payload, *, values: Sequence[str], guild: Guild, resolved: Resolved, required: bool = True
) -> list[str]:
    """Return the values as they are sent; members, roles and channels among them are added to `resolved`.

    Raises:
        PickerError: They are too few or too many, or one is not offered.
    """
    bounds = {"min_values": 1, "max_values": 1} | select
    least, most = number(bounds, "min_values"), number(bounds, "max_values")
    if (values or required) and not least <= len(values) <= most:
        raise PickerError(f"choose {least if least == most else f'{least} to {most}'}, not {len(values)}")
    offered = _offered(select, guild=guild)
    if missing := sorted(set(values) - offered.keys()):
        raise PickerError(f"not offered: {', '.join(missing)}")
    return [str(entered(resolved, value=offered[value], guild=guild)) for value in values]


def preselected(select: Payload) -> list[str]:
    """Return the values that are chosen at first."""
    options = [text(one, "value") for one in entries(select, "options") if one.get("default")]
    return options + [str(one["id"]) for one in entries(select, "default_values")]


def _offered(select: Payload, *, guild: Guild) -> Mapping[str, Member | Role | Channel | str]:
    """Return what can be chosen, by its value."""
    members = {str(each): member for each, member in guild.members.items()}
    roles = {str(each): role for each, role in guild.roles.items()}
    match number(select, "type"):
        case kind if kind == STRING_SELECT:
            return {text(one, "value"): text(one, "value") for one in entries(select, "options")}
        case kind if kind == USER_SELECT:
            return members
        case kind if kind == ROLE_SELECT:
            return roles
        case kind if kind == MENTIONABLE_SELECT:
            return {**members, **roles}
        case kind if kind == CHANNEL_SELECT:
            wanted = items(select, "channel_types")
            return {
                str(each): one for each, one in guild.channels.items() if not wanted or one.kind in wanted
            }
        case kind:
            raise PickerError(f"no select is of type {kind}")
