"""The registered application commands, and how often they were registered."""

from dataclasses import dataclass, field

from sandbox.discord.buckets import Buckets
from sandbox.discord.errors import ApiError
from sandbox.discord.limits import Limits
from sandbox.discord.model.snowflakes import Clock, Snowflakes
from sandbox.discord.payloads import Payload, entries, entry, text
from sandbox.discord.rules.commands import CHANNEL, INTEGER, MENTIONABLE, NUMBER

LOCALIZATIONS = ("name_localizations", "description_localizations")


@dataclass(slots=True)
class Commands:
    """The commands of each guild's picker; the key None has the global commands."""

    limits: Limits
    snowflakes: Snowflakes
    clock: Clock
    application_id: int
    by_guild: dict[int | None, list[Payload]] = field(default_factory=dict)
    registrations: dict[int | None, int] = field(default_factory=dict)
    """How many requests changed the commands of each guild."""
    _buckets: Buckets = field(init=False)

    def __post_init__(self) -> None:
        self._buckets = Buckets(self.clock)

    def replace(self, guild_id: int | None, *, commands: list[Payload]) -> list[Payload]:
        """Replace all commands and return them; one that kept its name and type keeps its id.

        Raises:
            ApiError: 30034 when more new ones were made today than Discord allows.
        """
        known = {(command["type"], command["name"]): command for command in self.by_guild.get(guild_id, [])}
        made = [self._registered(command, guild_id=guild_id, known=known) for command in commands]
        for command in made:
            if (command["type"], command["name"]) not in known:
                self._count_create(guild_id)
        self.by_guild[guild_id] = made
        self.registrations[guild_id] = self.registrations.get(guild_id, 0) + 1
        return made

    def add(self, guild_id: int | None, *, command: Payload) -> Payload:
        """Register a command, in place of one of the same name and type, and return it."""
        identity = (command.get("type") or 1, command["name"])
        kept = [old for old in self.by_guild.get(guild_id, []) if (old["type"], old["name"]) != identity]
        old = [one for one in self.by_guild.get(guild_id, []) if (one["type"], one["name"]) == identity]
        self.by_guild[guild_id] = kept + old
        return self.replace(guild_id, commands=[*kept, command])[-1]

    def find(self, name: str, *, guild_id: int | None, kind: int = 1) -> Payload | None:
        """Return the command of that name and type in a guild: its own first, then a global one."""
        places = [guild_id, None] if guild_id is not None else [None]
        offered = (command for place in places for command in self.by_guild.get(place, []))
        return next((one for one in offered if one["type"] == kind and one["name"] == name), None)

    def _count_create(self, guild_id: int | None) -> None:
        if not self._buckets.take(f"create:{guild_id}", rule=self.limits.command_creates).allowed:
            message = "Max number of daily application command creates has been reached"
            raise ApiError(400, code=30034, message=message)

    def _registered(
        self, command: Payload, *, guild_id: int | None, known: dict[tuple[object, object], Payload]
    ) -> Payload:
        kind = command.get("type") or 1
        old = known.get((kind, command["name"]))
        permissions = command.get("default_member_permissions")
        made: Payload = {
            "id": str(self.snowflakes.next()) if old is None else old["id"],
            "application_id": str(self.application_id),
            "type": kind,
            "name": command["name"],
            "description": text(command, "description"),
            "default_member_permissions": None if permissions is None else str(permissions),
            "nsfw": bool(command.get("nsfw")),
            "dm_permission": bool(command.get("dm_permission", True)),
            "options": [_option(option) for option in entries(command, "options")],
            "contexts": command.get("contexts"),
            "integration_types": command.get("integration_types") or [0],
            "name_localizations": command.get("name_localizations") or None,
            "description_localizations": command.get("description_localizations") or None,
            **({} if guild_id is None else {"guild_id": str(guild_id)}),
        }
        if not made["options"]:
            del made["options"]
        changed = old is None or {**old, "version": None} != {**made, "version": None}
        made["version"] = str(self.snowflakes.next()) if changed or old is None else old["version"]
        return made


def localized(command: Payload, *, locale: str) -> Payload:
    """Return a command, option or choice as Discord shows it in a locale, with what is nested in it.

    `name_localized` and `description_localized` stand in place of all translations, where there is one.
    """
    shown = {name: value for name, value in command.items() if name not in LOCALIZATIONS}
    for translations in LOCALIZATIONS:
        if translation := text(entry(command, translations), locale):
            shown[translations.replace("localizations", "localized")] = translation
    for nested in ("options", "choices"):
        if nested in command:
            shown[nested] = [localized(one, locale=locale) for one in entries(command, nested)]
    return shown


def _option(option: Payload) -> Payload:
    """Return an option as it is stored: without empty fields."""
    kept = {
        name: value for name, value in option.items() if not (value is None or value is False or value == [])
    }
    kept |= {"type": option["type"], "name": option["name"], "description": option["description"]}
    bounds = {"min_value", "max_value"} if option["type"] not in (INTEGER, NUMBER) else set()
    kept = {name: value for name, value in kept.items() if name not in bounds}
    if option["type"] not in (CHANNEL, MENTIONABLE):
        kept.pop("channel_types", None)
    kept |= {name: option.get(name) or None for name in LOCALIZATIONS}
    if options := [_option(inner) for inner in entries(option, "options")]:
        kept["options"] = options
    return kept
