"""`/requests`: moderators' control of their server's queue."""

from collections.abc import Sequence
from typing import TypeAlias

from discord import app_commands
from discord.ext import commands

from bot.chat.buttons.pending import PendingPages
from bot.chat.interactions.components import Choices, command, matching, moderator_autocomplete
from bot.chat.interactions.context import AnyInteraction, GuildInteraction
from bot.chat.interactions.permissions import MODERATORS, ForModerators
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.interactions.transformers import TYPED_LIMIT, RequestId
from bot.chat.messages.choices import request_choice
from bot.chat.name_cache import NameCache
from bot.chat.text import confirmations, descriptions
from bot.chat.text.formatting import REASON_LIMIT
from bot.domain.requests import State
from bot.services.cards import StatusCard
from bot.services.requests.queue_service import NO_END, QueueService

Reason: TypeAlias = app_commands.Range[str, 1, REASON_LIMIT]
End: TypeAlias = app_commands.Range[str, 1, TYPED_LIMIT]
USUAL_ENDS = ("30 minutes", "1 hour", "2 hours", "6 hours", "1 day", "18:00 UTC", "tomorrow")
"""Ends of a pause that are suggested."""


@app_commands.default_permissions(MODERATORS)
class Requests(
    ForModerators, commands.GroupCog, group_name="requests", group_description=descriptions.REQUESTS_GROUP
):
    """A server's requests, for its moderators."""

    def __init__(self, queue: QueueService) -> None:
        self._queue = queue
        self._names = NameCache()

    async def interaction_check(self, interaction: AnyInteraction, /) -> bool:
        """Refuse members who are not moderators, but let the service check who can decide about requests."""
        return interaction.command is self.pending or await super().interaction_check(interaction)

    @command()
    async def pending(self, interaction: GuildInteraction) -> None:
        """Approve or decline the requests that wait for it, several at once."""
        await PendingPages.open(interaction)

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
    async def pause(self, interaction: GuildInteraction, reason: Reason, until: End | None = None) -> None:
        """Pause this server's songs: waiting requests keep their places, and no new ones are taken."""
        pausing = self._queue.pause(interaction.require_moderator(), reason, until)
        await respond(interaction, confirmations.paused(await run_or_defer(interaction, pausing)))

    @command()
    async def resume(self, interaction: GuildInteraction) -> None:
        """Resume this server's songs."""
        waiting = await run_or_defer(interaction, self._queue.resume(interaction.require_moderator()))
        await respond(interaction, confirmations.resumed(waiting))

    @command(name="next")
    @app_commands.describe(**descriptions.REQUESTS_NEXT)
    async def move_to_front(self, interaction: GuildInteraction, request: RequestId) -> None:
        """Move a waiting request to the front of this server; other servers' turns stay as they are."""
        moving = self._queue.move_to_front(interaction.require_moderator(), request)
        await respond(interaction, confirmations.moved_to_front(await run_or_defer(interaction, moving)))

    @command()
    @app_commands.describe(**descriptions.REQUESTS_CLOSE)
    async def close(self, interaction: GuildInteraction, reason: Reason) -> None:
        """Take no more requests; songs that are already waiting are still made."""
        waiting = await run_or_defer(interaction, self._queue.close(interaction.require_moderator(), reason))
        await respond(interaction, confirmations.closed(waiting))

    @command()
    async def open(self, interaction: GuildInteraction) -> None:
        """Take requests again."""
        await run_or_defer(interaction, self._queue.open(interaction.require_moderator()))
        await respond(interaction, confirmations.OPENED)

    @pause.autocomplete("until")
    @moderator_autocomplete
    async def _ends(self, _: GuildInteraction, current: str) -> Choices:
        return matching([(end, end) for end in (*USUAL_ENDS, NO_END)], current)

    @move_to_front.autocomplete("request")
    @moderator_autocomplete
    async def _waiting(self, interaction: GuildInteraction, current: str) -> Choices:
        cards = await self._queue.cancellable(interaction.guild_id)
        return await self._choices(
            interaction, [card for card in cards if card.state is State.WAITING], current
        )

    @cancel.autocomplete("request")
    @moderator_autocomplete
    async def _cancellable(self, interaction: GuildInteraction, current: str) -> Choices:
        cards = await self._queue.cancellable(interaction.guild_id)
        return await self._choices(interaction, cards, current)

    async def _choices(
        self, interaction: GuildInteraction, cards: Sequence[StatusCard], current: str
    ) -> Choices:
        guild_id = interaction.guild_id
        names = await self._names.of(interaction.raw.client, guild_id, (card.user_id for card in cards))
        named = ((request_choice(card, who=names.get(card.user_id)), card.request_id) for card in cards)
        return matching(named, current)
