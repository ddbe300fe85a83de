"""Whether the process is on its way to stop."""

from typing import Protocol, runtime_checkable

import discord


@runtime_checkable
class Stopping(Protocol):
    """A client that can say that it takes nothing new."""

    draining: bool
    """True from the moment that the process was asked to stop."""


def is_draining(interaction: discord.Interaction[discord.Client]) -> bool:
    """True when nothing new may be begun."""
    return isinstance(interaction.client, Stopping) and interaction.client.draining
