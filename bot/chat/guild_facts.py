"""Names and sizes of servers, for the bot's owner."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import aiohttp
import discord

from bot.services.privacy.guild_membership import VisibleGuilds

log = logging.getLogger(__name__)

FETCH_S = 1.5
"""Seconds that all fetches together may take; servers without facts are shown by their id."""


@dataclass(frozen=True, slots=True)
class GuildFacts:
    """What Discord says about a server."""

    name: str
    members: int | None = None


def visible_guilds(client: discord.Client) -> VisibleGuilds:
    """Return the servers of this process's shards, unavailable ones included."""
    shards = client.shards if isinstance(client, discord.AutoShardedClient) else (0,)
    return VisibleGuilds(
        guild_ids=frozenset(guild.id for guild in client.guilds),
        shard_ids=frozenset(shards),
        shard_count=client.shard_count or 1,
    )


async def guild_facts(client: discord.Client, guild_ids: Iterable[int]) -> Mapping[int, GuildFacts]:
    """Return the facts of the servers; those that this process's shards do not see are fetched."""
    wanted = {guild_id: client.get_guild(guild_id) for guild_id in guild_ids}
    facts = {one.id: GuildFacts(one.name, one.member_count) for one in wanted.values() if one is not None}
    tasks = [asyncio.create_task(_fetched(client, guild_id)) for guild_id in wanted.keys() - facts.keys()]
    if tasks:
        done, late = await asyncio.wait(tasks, timeout=FETCH_S)
        for task in late:
            task.cancel()
        facts |= {guild_id: one for task in done for guild_id, one in task.result().items()}
    return facts


async def guild_names(client: discord.Client, guild_ids: Iterable[int]) -> Mapping[int, str]:
    """Return the names of the servers, as far as Discord tells them."""
    return {guild_id: one.name for guild_id, one in (await guild_facts(client, guild_ids)).items()}


async def _fetched(client: discord.Client, guild_id: int) -> dict[int, GuildFacts]:
    try:
        guild = await client.fetch_guild(guild_id)
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.info("a server's name is not known: %s", error, extra={"guild": guild_id})
        return {}
    return {guild_id: GuildFacts(guild.name, guild.approximate_member_count)}
