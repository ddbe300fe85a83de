"""`/requests`: moderators' control of their server's queue."""

from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import InspireClient
from bot.chat.interactions.components import moderator_autocomplete
from bot.chat.interactions.context import request_id_of
from bot.chat.interactions.permissions import MODERATORS, actor_of, require_moderator
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.choices import CHOICES, request_choice
from bot.chat.name_cache import NameCache
from bot.chat.text.failures import cancelled_by_moderator, paused, resumed
from bot.chat.text.formatting import REASON_LIMIT
from bot.services.requests.queue_service import QueueService

Reason: TypeAlias = app_commands.Range[str, 1, REASON_LIMIT]


@app_commands.default_permissions(MODERATORS)
class Requests(commands.GroupCog, group_name="requests", group_description="Your server's song requests"):
    """A server's requests, for its moderators."""

    def __init__(self, queue: QueueService) -> None:
        self._queue = queue
        self._names = NameCache()

    async def interaction_check(self, interaction: discord.Interaction[discord.Client], /) -> bool:
        """Refuse members who are not moderators: a server can show the commands to others."""
        require_moderator(interaction)
        return True

    @app_commands.command()
    @app_commands.describe(
        request="One of the requests that still wait", reason="Why; the member will read it"
    )
    async def cancel(
        self,
        interaction: discord.Interaction[InspireClient],
        request: app_commands.Range[str, 1, 100],
        reason: Reason,
    ) -> None:
        """Turn a waiting song request away; its credits return to the member, who reads why."""
        cancelled = await run_or_defer(
            interaction, self._queue.cancel(actor_of(interaction), request_id_of(request), reason=reason)
        )
        await respond(interaction, cancelled_by_moderator(cancelled.cost))

    @app_commands.command()
    @app_commands.describe(reason="Why; everybody who waits will read it")
    async def pause(self, interaction: discord.Interaction[InspireClient], reason: Reason) -> None:
        """Stop all songs of this server: those that wait keep their places, and none can be asked for."""
        waiting = await run_or_defer(interaction, self._queue.pause(actor_of(interaction), reason))
        await respond(interaction, paused(waiting))

    @app_commands.command()
    async def resume(self, interaction: discord.Interaction[InspireClient]) -> None:
        """Let this server's songs go on."""
        waiting = await run_or_defer(interaction, self._queue.resume(actor_of(interaction)))
        await respond(interaction, resumed(waiting))

    @cancel.autocomplete("request")
    @moderator_autocomplete
    async def _cancellable(
        self, interaction: discord.Interaction[InspireClient], current: str
    ) -> list[app_commands.Choice[str]]:
        guild_id = interaction.guild_id or 0
        cards = await self._queue.cancellable(guild_id)
        names = await self._names.of(interaction.client, guild_id, (card.user_id for card in cards))
        named = ((request_choice(card, who=names.get(card.user_id)), card) for card in cards)
        typed = current.strip().lower()
        found = [
            app_commands.Choice(name=name, value=str(card.request_id))
            for name, card in named
            if typed in name.lower()
        ]
        return found[:CHOICES]
