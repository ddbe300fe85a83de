"""Whether an interaction is taken at all, and what members' commands the process has in hand."""

import asyncio
from typing import Protocol, runtime_checkable

import discord

from bot.domain.errors import OutsideServerError, RefusalError, StoppingError


@runtime_checkable
class Draining(Protocol):
    """A client that can say that it takes nothing new, and what it has taken."""

    draining: bool
    """True from the moment that the process was asked to stop."""
    running: set[asyncio.Task[None]]
    """What answers members now."""


def refusal_of(interaction: discord.Interaction[discord.Client]) -> RefusalError | None:
    """Say why the interaction is not taken: the process stops, or it belongs to no server; else None.

    Whatever the member is answered, it is in hand until this task ends.
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
    """Tell whether a member of a server uses what was added to that server.

    People can add an application for themselves, too, and use it where nobody added it, if its operator has
    allowed that at Discord (reference, "Installation Context").
    """
    if not isinstance(interaction.user, discord.Member):
        return False
    return interaction.is_guild_integration() or not interaction.is_user_integration()
