"""Whether the process is on its way to stop, and what members' commands it has in hand."""

import asyncio
from typing import Protocol, runtime_checkable

import discord


@runtime_checkable
class Stopping(Protocol):
    """A client that can say that it takes nothing new, and what it has taken."""

    draining: bool
    """True from the moment that the process was asked to stop."""
    in_hand: set[asyncio.Task[None]]
    """What answers members now."""


def may_begin(interaction: discord.Interaction[discord.Client]) -> bool:
    """False while the process stops; whatever the member is answered, it is in hand until this task ends."""
    client, task = interaction.client, asyncio.current_task()
    if not isinstance(client, Stopping):
        return True
    if task is not None:
        client.in_hand.add(task)
        task.add_done_callback(client.in_hand.discard)
    return not client.draining
