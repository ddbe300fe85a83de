"""Access to the operator's commands: the application's owner, or its team's admins and developers."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord

from bot.domain.moderator_errors import NotOperatorError, OperatorUnknownError

log = logging.getLogger(__name__)

KEPT_S = 300.0
"""Seconds for which the owners are cached; somebody who left the team keeps the commands for as long."""
_ROLES = frozenset({discord.TeamMemberRole.admin, discord.TeamMemberRole.developer})
T = TypeVar("T")


class Operators:
    """The bot's owners as Discord names them, cached for some minutes."""

    def __init__(self) -> None:
        self._ids: frozenset[int] = frozenset()
        self._kept_until_s = -math.inf

    async def only(
        self, interaction: discord.Interaction[discord.Client], operation: Callable[[], Awaitable[T]]
    ) -> T:
        """Run the operation if the member is one of the bot's owners, and return its result.

        Raises:
            NotOperatorError: the member is not one of them.
            OperatorUnknownError: the owners could not be fetched.
        """
        if interaction.user.id not in await self._current(interaction.client):
            raise NotOperatorError
        return await operation()

    async def _current(self, client: discord.Client) -> frozenset[int]:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._kept_until_s:
            try:
                self._ids = owners(await client.application_info())
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.warning("The bot's owners could not be fetched: %s", error)
                raise OperatorUnknownError from error
            self._kept_until_s = now_s + KEPT_S
        return self._ids


def owners(application: discord.AppInfo) -> frozenset[int]:
    """Return the id of the owner, or those of the team's owner, admins and developers.

    Members who have not accepted their invitation to the team do not count.
    """
    team = application.team
    if team is None:
        return frozenset({application.owner.id})
    accepted = discord.TeamMembershipState.accepted
    members = {m.id for m in team.members if m.membership_state is accepted and m.role in _ROLES}
    return frozenset(members if team.owner_id is None else {team.owner_id, *members})
