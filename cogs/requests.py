"""`/requests`: what moderators do about their server's queue."""

from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.answers import reply
from bot.chat.asking import request_id_of
from bot.chat.client import InspireClient
from bot.chat.guards import moderators_choices
from bot.chat.known_names import KnownNames
from bot.chat.moderators import MODERATORS, moderator_of, require_moderator
from bot.chat.render.choice import CHOICES, request_choice
from bot.chat.showing import outcome
from bot.chat.texts import REASON_LIMIT
from bot.chat.wording import cancelled_by_moderator, paused, resumed
from bot.services.queue import Queue

Reason: TypeAlias = app_commands.Range[str, 1, REASON_LIMIT]


@app_commands.default_permissions(MODERATORS)
class Requests(commands.GroupCog, group_name="requests", group_description="Your server's song requests"):
    """A server's requests, for its moderators."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._names = KnownNames()

    async def interaction_check(self, interaction: discord.Interaction[discord.Client], /) -> bool:
        """Moderators only, whatever the server's own settings for commands say."""
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
        cancelled = await outcome(
            interaction,
            self._queue.cancel(moderator_of(interaction), request_id_of(request), reason=reason),
            ephemeral=True,
        )
        await reply(interaction, cancelled_by_moderator(cancelled.cost))

    @app_commands.command()
    @app_commands.describe(reason="Why; everybody who waits will read it")
    async def pause(self, interaction: discord.Interaction[InspireClient], reason: Reason) -> None:
        """Stop all songs of this server: those that wait keep their places, and none can be asked for."""
        waiting = await outcome(
            interaction, self._queue.pause(moderator_of(interaction), reason), ephemeral=True
        )
        await reply(interaction, paused(waiting))

    @app_commands.command()
    async def resume(self, interaction: discord.Interaction[InspireClient]) -> None:
        """Let this server's songs go on."""
        waiting = await outcome(interaction, self._queue.resume(moderator_of(interaction)), ephemeral=True)
        await reply(interaction, resumed(waiting))

    @cancel.autocomplete("request")
    @moderators_choices
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
