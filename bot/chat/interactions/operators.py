"""Who may use the operator's commands: the application's owner, or those of its team who can change it."""

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
"""Seconds for which it is not asked again who they are: so long does somebody who left keep the commands."""
_ROLES = frozenset({discord.TeamMemberRole.admin, discord.TeamMemberRole.developer})
T = TypeVar("T")


class Operators:
    """Those who run the bot, as Discord says, remembered for some minutes."""

    def __init__(self) -> None:
        self._ids: frozenset[int] = frozenset()
        self._kept_until_s = -math.inf

    async def only(
        self, interaction: discord.Interaction[discord.Client], operation: Callable[[], Awaitable[T]]
    ) -> T:
        """Give what the operation gives; it is begun for one of them only.

        Raises:
            NotOperatorError: the member is somebody else.
            OperatorUnknownError: Discord does not say whose the bot is.
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
                log.warning("Discord does not say who runs the bot: %s", error)
                raise OperatorUnknownError from error
            self._kept_until_s = now_s + KEPT_S
        return self._ids


def owners(application: discord.AppInfo) -> frozenset[int]:
    """Give the ids of the owner, or of the team's owner with its admins and developers.

    Whoever was invited to the team and has not accepted is none of them.
    """
    team = application.team
    if team is None:
        return frozenset({application.owner.id})
    accepted = discord.TeamMembershipState.accepted
    members = {m.id for m in team.members if m.membership_state is accepted and m.role in _ROLES}
    return frozenset(members if team.owner_id is None else {team.owner_id, *members})
