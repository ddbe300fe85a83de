"""Acceptance of interactions, and the handlers that are running: shutdown waits for them."""

import asyncio
from typing import Protocol, runtime_checkable

import discord

from bot.domain.errors import OutsideServerError, RefusalError, StoppingError


@runtime_checkable
class Draining(Protocol):
    """A client that stops accepting interactions before shutdown, and knows which handlers are running."""

    draining: bool
    """True once shutdown was requested."""
    running: set[asyncio.Task[None]]
    """The tasks that are answering members."""


def refusal_of(interaction: discord.Interaction[discord.Client]) -> RefusalError | None:
    """Return why the interaction is refused (shutdown, or outside a server), or None if it is accepted.

    In either case the current task counts as running until it ends.
    """
    client, task = interaction.client, asyncio.current_task()
    if isinstance(client, Draining):
        if task is not None:
            client.running.add(task)
            task.add_done_callback(client.running.discard)
        if client.draining:
            return StoppingError()
    return None if _is_of_server(interaction) else OutsideServerError()


def _is_of_server(interaction: discord.Interaction[discord.Client]) -> bool:
    """Tell whether the interaction comes from a member of a server to which the bot was added.

    Users can also install an application for themselves and use it in other servers, if its operator has
    enabled that at Discord (reference, "Installation Context").
    """
    if not isinstance(interaction.user, discord.Member):
        return False
    return interaction.is_guild_integration() or not interaction.is_user_integration()
