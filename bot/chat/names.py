"""What people are called: the bot is told of no members, so Discord is asked for the few that are shown."""

import asyncio
import logging
from collections.abc import Iterable

import aiohttp
import discord

from bot.domain.personal_data import NOBODY_ID

log = logging.getLogger(__name__)

FORGOTTEN = "Forgotten members"
"""What those are called together who had their data deleted."""
ASK_S = 3.0
"""Seconds that all questions together may take; who is not known by then goes by their number."""


async def display_names(
    client: discord.Client, guild_id: int, user_ids: Iterable[int], *, limit_s: float = ASK_S
) -> dict[int, str]:
    """What the users are called there, or in Discord if they have left; those nobody knows are missing."""
    wanted = set(user_ids)
    known = {NOBODY_ID: FORGOTTEN} if NOBODY_ID in wanted else {}
    asked = {
        user_id: asyncio.ensure_future(_name(client, guild_id, user_id)) for user_id in wanted - known.keys()
    }
    if not asked:
        return known
    _, late = await asyncio.wait(asked.values(), timeout=limit_s)
    for task in late:
        task.cancel()
    found = {user_id: task.result() for user_id, task in asked.items() if task not in late}
    return known | {user_id: name for user_id, name in found.items() if name}


async def _name(client: discord.Client, guild_id: int, user_id: int) -> str | None:
    try:
        guild = client.get_guild(guild_id)
        if guild is not None:
            return (await guild.fetch_member(user_id)).display_name
    except discord.NotFound:
        log.debug("a member has left", extra={"user": user_id})
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.info("a name is not known: %s", error, extra={"user": user_id})
        return None
    try:
        return (await client.fetch_user(user_id)).display_name
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.info("a name is not known: %s", error, extra={"user": user_id})
        return None
