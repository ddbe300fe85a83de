"""Members' display names: without the members intent, the few that are shown are fetched."""

import asyncio
import logging
from collections.abc import Iterable

import aiohttp
import discord

from bot.domain.personal_data import NOBODY_ID

log = logging.getLogger(__name__)

ERASED_MEMBERS = "Deleted members"
"""The common name of all members who had their data deleted."""
MAX_LENGTH = 200
"""Characters of a name that are looked at: more than Discord allows."""
ASK_S = 3.0
"""Seconds that all fetches together may take; members without a name are shown by their id."""


async def display_names(
    client: discord.Client, guild_id: int, user_ids: Iterable[int], *, limit_s: float = ASK_S
) -> dict[int, str]:
    """Fetch the users' display names in the server, or their global names if they have left.

    Names that cannot be fetched within `limit_s` seconds are missing from the result.
    """
    wanted = set(user_ids)
    known = {NOBODY_ID: ERASED_MEMBERS} if NOBODY_ID in wanted else {}
    tasks = {
        user_id: asyncio.ensure_future(_name(client, guild_id, user_id)) for user_id in wanted - known.keys()
    }
    if not tasks:
        return known
    _, late = await asyncio.wait(tasks.values(), timeout=limit_s)
    for task in late:
        task.cancel()
    found = {user_id: task.result() for user_id, task in tasks.items() if task not in late}
    return known | {user_id: name[:MAX_LENGTH] for user_id, name in found.items() if name}


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
