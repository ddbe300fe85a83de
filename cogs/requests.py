"""`/requests`: moderators' control of their server's queue."""

from typing import TypeAlias

from discord import app_commands
from discord.ext import commands

from bot.chat.interactions.components import Choices, command, matching, moderator_autocomplete
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import MODERATORS, ForModerators
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.interactions.transformers import RequestId
from bot.chat.messages.choices import request_choice
from bot.chat.name_cache import NameCache
from bot.chat.text.failures import cancelled_by_moderator, paused, resumed
from bot.chat.text.formatting import REASON_LIMIT
from bot.services.requests.queue_service import QueueService

Reason: TypeAlias = app_commands.Range[str, 1, REASON_LIMIT]


@app_commands.default_permissions(MODERATORS)
class Requests(
    ForModerators, commands.GroupCog, group_name="requests", group_description="Your server's song requests"
):
    """A server's requests, for its moderators."""

    def __init__(self, queue: QueueService) -> None:
        self._queue = queue
        self._names = NameCache()

    @command()
    @app_commands.describe(
        request="One of the requests that still wait", reason="Why; the member will read it"
    )
    async def cancel(
        self,
        interaction: GuildInteraction,
        request: RequestId,
        reason: Reason,
    ) -> None:
        """Turn a waiting song request away; its credits return to the member, who reads why."""
        cancelling = self._queue.cancel(interaction.require_moderator(), request, reason=reason)
        cancelled = await run_or_defer(interaction, cancelling)
        await respond(interaction, cancelled_by_moderator(cancelled.cost))

    @command()
    @app_commands.describe(reason="Why; everybody who waits will read it")
    async def pause(self, interaction: GuildInteraction, reason: Reason) -> None:
        """Stop all songs of this server: those that wait keep their places, and none can be asked for."""
        waiting = await run_or_defer(interaction, self._queue.pause(interaction.require_moderator(), reason))
        await respond(interaction, paused(waiting))

    @command()
    async def resume(self, interaction: GuildInteraction) -> None:
        """Let this server's songs go on."""
        waiting = await run_or_defer(interaction, self._queue.resume(interaction.require_moderator()))
        await respond(interaction, resumed(waiting))

    @cancel.autocomplete("request")
    @moderator_autocomplete
    async def _cancellable(self, interaction: GuildInteraction, current: str) -> Choices:
        guild_id = interaction.guild_id
        cards = await self._queue.cancellable(guild_id)
        names = await self._names.of(interaction.raw.client, guild_id, (card.user_id for card in cards))
        named = ((request_choice(card, who=names.get(card.user_id)), card.request_id) for card in cards)
        return matching(named, current)
