"""Registration of the commands with Discord, if those that it has are different."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

import discord
from discord import app_commands
from discord.http import Route

log = logging.getLogger(__name__)

GUILDS_KEY = "command_guilds"
"""Key of the guilds with commands of their own, as JSON."""
COMPARED = frozenset(
    {"type", "name", "description", "options", "choices", "value", "required", "autocomplete", "nsfw"}
    | {"min_value", "max_value", "min_length", "max_length", "channel_types", "contexts", "integration_types"}
    | {"default_member_permissions", "name_localizations", "description_localizations"}
)
"""The fields that the bot defines; Discord adds ids, versions and more."""
UNORDERED = frozenset({"channel_types", "contexts", "integration_types"})
ENTRY_POINT = 4
"""The type of the command that Discord itself creates for an Activity."""
NOT_THERE = frozenset({10004, 50001})
"""Discord's error codes for a guild that does not exist, or that the bot is not in."""
Definition: TypeAlias = dict[str, object]


class KeyValues(Protocol):
    """A persistent key-value store."""

    async def get(self, key: str) -> str | None:
        """Return the key's value, or None."""
        ...

    async def put(self, key: str, value: str) -> None:
        """Store the value."""
        ...


class CommandSync:
    """Synchronization of a tree's commands with those registered with Discord."""

    def __init__(
        self,
        tree: app_commands.CommandTree[discord.Client],
        remembered: KeyValues,
        guild_ids: Sequence[int],
    ) -> None:
        self._tree = tree
        self._remembered = remembered
        self._guild_ids = tuple(guild_ids)

    async def run(self, *, force: bool = False) -> bool:
        """Register the commands that differ, or all with `force`; return whether it was necessary.

        Raises:
            discord.DiscordException, aiohttp.ClientError, OSError: not all commands were registered.
        """
        changed = await self._sync(None, force=force)
        former = await self._load_guilds()
        if former != set(self._guild_ids):
            # stored before and after: a crash in between loses no guild
            await self._store_guilds(former | set(self._guild_ids))
        for guild_id in self._guild_ids:
            changed |= await self._sync_guild(guild_id, force=force)
        for guild_id in former - set(self._guild_ids):
            await self._remove_commands(guild_id)
        if former != set(self._guild_ids):
            await self._store_guilds(self._guild_ids)
        return changed

    async def _sync(self, guild: discord.Object | None, *, force: bool) -> bool:
        ours = await self._ours(guild)
        if not force and are_same(await self._registered(guild), ours):
            return False
        synced = await self._tree.sync(guild=guild)
        log.info("%d commands were registered", len(synced), extra={"guild": guild and guild.id})
        return True

    async def _ours(self, guild: discord.Object | None) -> list[Mapping[str, object]]:
        """Return the tree's commands as it would register them, with their translations."""
        tree, translator = self._tree, self._tree.translator or app_commands.Translator()
        return [
            await command.get_translated_payload(tree, translator)
            for command in tree.get_commands(guild=guild)
        ]

    async def _sync_guild(self, guild_id: int, *, force: bool) -> bool:
        try:
            return await self._sync(discord.Object(guild_id), force=force)
        except discord.HTTPException as error:
            if error.code not in NOT_THERE:
                raise
            log.warning(
                "OPERATOR: OPERATOR_GUILD_ID names a server that the bot is not in: /operator is nowhere",
                extra={"guild": guild_id},
            )
            return False

    async def _remove_commands(self, guild_id: int) -> None:
        """Remove the commands of a guild that is no longer configured; it may no longer exist."""
        application_id = self._tree.client.application_id or 0
        try:
            await self._tree.client.http.bulk_upsert_guild_commands(application_id, guild_id, [])
        except discord.HTTPException as error:
            if error.code not in NOT_THERE:
                raise
            return
        log.info("the commands of a former operator's server were removed", extra={"guild": guild_id})

    async def _registered(self, guild: discord.Object | None) -> Sequence[Mapping[str, object]]:
        """Fetch the commands that Discord has; discord.py's own methods leave out their translations."""
        http, application_id = self._tree.client.http, self._tree.client.application_id or 0
        path = "/applications/{application_id}"
        path += "/commands" if guild is None else "/guilds/{guild_id}/commands"
        route = Route("GET", path, application_id=application_id, guild_id=guild and guild.id)
        fetched: Sequence[Mapping[str, object]] = await http.request(
            route, params={"with_localizations": "true"}
        )
        return fetched

    async def _load_guilds(self) -> set[int]:
        return set(json.loads(await self._remembered.get(GUILDS_KEY) or "[]"))

    async def _store_guilds(self, guild_ids: Iterable[int]) -> None:
        await self._remembered.put(GUILDS_KEY, json.dumps(sorted(guild_ids)))


def are_same(theirs: Iterable[Mapping[str, object]], ours: Iterable[Mapping[str, object]]) -> bool:
    """Tell whether two lists of commands have the same meaning, apart from the fields that Discord adds."""
    return _by_name(theirs) == _by_name(ours)


def _by_name(commands: Iterable[Mapping[str, object]]) -> dict[tuple[object, object], Definition]:
    kept = [_normalized(command) for command in commands if command.get("type") != ENTRY_POINT]
    return {(command.get("type", 1), command.get("name")): command for command in kept}


def _normalized(definition: Mapping[str, object]) -> Definition:
    """Reduce a command, option or choice to the bot's fields without default values, for comparison."""
    fields = {name: _value(name, value) for name, value in definition.items() if name in COMPARED}
    # a message command has no description, and Discord sends an empty one
    return {
        name: one for name, one in fields.items() if not (one is None or one is False or one in ([], "", {}))
    }


def _value(name: str, value: object) -> object:
    if name == "default_member_permissions" and value is not None:
        return str(value)
    if name == "value" or not isinstance(value, list):
        return value
    if name in UNORDERED:
        return sorted(value)
    return [_normalized(one) if isinstance(one, dict) else one for one in value]
