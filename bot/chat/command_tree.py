"""The command tree: commands in servers only, and an answer to every error."""

import discord
from discord import app_commands

from bot.chat.forms.song_form import kept_command
from bot.chat.interactions.context import AnyInteraction, accept
from bot.chat.interactions.respond import BESIDE, respond_with_error, root_error
from bot.domain.errors import InspireError

INSPIRE = "inspire"
"""The name of the command for a song."""


class InspireCommandTree(app_commands.CommandTree[discord.Client]):
    """All commands; they are installed to servers and work in servers only."""

    def __init__(self, client: discord.Client) -> None:
        super().__init__(
            client,
            fallback_to_global=True,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=False, private_channel=False
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )

    async def interaction_check(self, interaction: AnyInteraction, /) -> bool:
        """Accept the interaction, or refuse it outside a server or during shutdown.

        Raises:
            RefusalError: it is not accepted.
        """
        accept(interaction)
        return True

    async def _call(self, interaction: AnyInteraction) -> None:
        """Answer refusals, and errors in a command's options: discord.py passes them to no handler."""
        try:
            await super()._call(interaction)
        except app_commands.AppCommandError:
            raise
        except Exception as error:  # noqa: BLE001 - an edge: each interaction gets its answer
            await self._answer(interaction, error)

    async def on_error(self, interaction: AnyInteraction, error: app_commands.AppCommandError, /) -> None:
        """Tell the member about the error."""
        await self._answer(interaction, error)

    async def _answer(self, interaction: AnyInteraction, error: Exception) -> None:
        """Tell the member about the error, and keep what was typed for a song."""
        cause = root_error(error)
        # after another error it is possibly the command itself that cannot be read
        command = interaction.command if isinstance(cause, InspireError) else None
        if command is not None and command.qualified_name == INSPIRE:
            interaction.extras[BESIDE] = kept_command(interaction.namespace, cause)
        await respond_with_error(interaction, error)
