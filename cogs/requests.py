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
from bot.chat.text import confirmations, descriptions
from bot.chat.text.formatting import REASON_LIMIT
from bot.services.requests.queue_service import QueueService

Reason: TypeAlias = app_commands.Range[str, 1, REASON_LIMIT]


@app_commands.default_permissions(MODERATORS)
class Requests(
    ForModerators, commands.GroupCog, group_name="requests", group_description=descriptions.REQUESTS_GROUP
):
    """A server's requests, for its moderators."""

    def __init__(self, queue: QueueService) -> None:
        self._queue = queue
        self._names = NameCache()

    @command()
    @app_commands.describe(**descriptions.REQUESTS_CANCEL)
    async def cancel(
        self,
        interaction: GuildInteraction,
        request: RequestId,
        reason: Reason,
    ) -> None:
        """Cancel a waiting request: its credits go back to the member, who can read why."""
        cancelling = self._queue.cancel(interaction.require_moderator(), request, reason=reason)
        cancelled = await run_or_defer(interaction, cancelling)
        await respond(interaction, confirmations.cancelled_by_moderator(cancelled.cost))

    @command()
    @app_commands.describe(**descriptions.REQUESTS_PAUSE)
    async def pause(self, interaction: GuildInteraction, reason: Reason) -> None:
        """Pause this server's songs: waiting requests keep their places, and no new ones are taken."""
        waiting = await run_or_defer(interaction, self._queue.pause(interaction.require_moderator(), reason))
        await respond(interaction, confirmations.paused(waiting))

    @command()
    async def resume(self, interaction: GuildInteraction) -> None:
        """Resume this server's songs."""
        waiting = await run_or_defer(interaction, self._queue.resume(interaction.require_moderator()))
        await respond(interaction, confirmations.resumed(waiting))

    @cancel.autocomplete("request")
    @moderator_autocomplete
    async def _cancellable(self, interaction: GuildInteraction, current: str) -> Choices:
        guild_id = interaction.guild_id
        cards = await self._queue.cancellable(guild_id)
        names = await self._names.of(interaction.raw.client, guild_id, (card.user_id for card in cards))
        named = ((request_choice(card, who=names.get(card.user_id)), card.request_id) for card in cards)
        return matching(named, current)
