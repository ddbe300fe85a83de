"""Telling Discord the commands, where what it has is not what the bot has."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

import discord
from discord import app_commands

log = logging.getLogger(__name__)

GUILDS_KEY = "command_guilds"
"""Under which the guilds are remembered that were given commands of their own."""
MEANT = frozenset(
    {"type", "name", "description", "options", "choices", "value", "required", "autocomplete", "nsfw"}
    | {"min_value", "max_value", "min_length", "max_length", "channel_types", "contexts", "integration_types"}
    | {"default_member_permissions"}
)
"""The fields that the bot gives a meaning to; Discord adds ids, versions, localisations and more."""
UNORDERED = frozenset({"channel_types", "contexts", "integration_types"})
ENTRY_POINT = 4
"""The type of the command that Discord itself makes for an Activity."""
NOT_THERE = frozenset({10004, 50001})
"""Discord's codes for a guild that there is not, or that the bot is not in."""
Definition: TypeAlias = dict[str, object]


class KeyValues(Protocol):
    """Single facts that outlive the process."""

    async def get(self, key: str) -> str | None:
        """The fact, if there is one."""
        ...

    async def put(self, key: str, value: str) -> None:
        """Remember the fact."""
        ...


class CommandSync:
    """The commands of a tree, and what Discord has of them."""

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
        """Tell Discord the commands where it has others, or everywhere; True when it was told.

        Raises:
            discord.DiscordException, aiohttp.ClientError, OSError: Discord was not told everything.
        """
        told = await self._sync(None, force=force)
        former = await self._given()
        if former != set(self._guild_ids):
            await self._give(former | set(self._guild_ids))
        for guild_id in self._guild_ids:
            told |= await self._sync_guild(guild_id, force=force)
        for guild_id in former - set(self._guild_ids):
            await self._take_back(guild_id)
        if former != set(self._guild_ids):
            await self._give(self._guild_ids)
        return told

    async def _sync(self, guild: discord.Object | None, *, force: bool) -> bool:
        ours = [command.to_dict(self._tree) for command in self._tree.get_commands(guild=guild)]
        if not force and are_same(await self._registered(guild), ours):
            return False
        synced = await self._tree.sync(guild=guild)
        log.info("Discord was told of %d commands", len(synced), extra={"guild": guild and guild.id})
        return True

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

    async def _take_back(self, guild_id: int) -> None:
        """Remove the commands of a guild that has none of its own any more; there may be no such guild."""
        application_id = self._tree.client.application_id or 0
        try:
            await self._tree.client.http.bulk_upsert_guild_commands(application_id, guild_id, [])
        except discord.HTTPException as error:
            if error.code not in NOT_THERE:
                raise
            return
        log.info("the commands of a former operator's server were removed", extra={"guild": guild_id})

    async def _registered(self, guild: discord.Object | None) -> Sequence[Mapping[str, object]]:
        http, application_id = self._tree.client.http, self._tree.client.application_id or 0
        if guild is None:
            return await http.get_global_commands(application_id)
        return await http.get_guild_commands(application_id, guild.id)

    async def _given(self) -> set[int]:
        return set(json.loads(await self._remembered.get(GUILDS_KEY) or "[]"))

    async def _give(self, guild_ids: Iterable[int]) -> None:
        await self._remembered.put(GUILDS_KEY, json.dumps(sorted(guild_ids)))


def are_same(theirs: Iterable[Mapping[str, object]], ours: Iterable[Mapping[str, object]]) -> bool:
    """Whether two lists of commands mean the same, whatever else Discord keeps with its own."""
    return _by_name(theirs) == _by_name(ours)


def _by_name(commands: Iterable[Mapping[str, object]]) -> dict[tuple[object, object], Definition]:
    kept = [_meant(command) for command in commands if command.get("type") != ENTRY_POINT]
    return {(command.get("type", 1), command.get("name")): command for command in kept}


def _meant(definition: Mapping[str, object]) -> Definition:
    """Return what a command, an option or a choice means: without what says nothing, or is Discord's."""
    meant = {name: _value(name, value) for name, value in definition.items() if name in MEANT}
    return {name: one for name, one in meant.items() if not (one is None or one is False or one == [])}


def _value(name: str, value: object) -> object:
    if name == "default_member_permissions" and value is not None:
        return str(value)
    if name == "value" or not isinstance(value, list):
        return value
    if name in UNORDERED:
        return sorted(value)
    return [_meant(one) if isinstance(one, dict) else one for one in value]
