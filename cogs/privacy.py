"""`/privacy`: what is kept about a person, as a notice and as a file, and its end."""

from functools import partial

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import InspireClient
from bot.chat.own_data import DeleteButton
from bot.chat.render.privacy import export_file, notice_message, preview_words
from bot.chat.report_files import FileThread
from bot.chat.showing import Attachment, outcome, show, show_files, show_words
from bot.services.privacy import Privacy


class OwnData(commands.GroupCog, group_name="privacy", group_description="What the bot keeps about you"):
    """A person's own data."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy
        self._files = FileThread()

    async def cog_unload(self) -> None:
        """Write no more files."""
        self._files.close()

    @app_commands.command()
    async def notice(self, interaction: discord.Interaction[InspireClient]) -> None:
        """Read what the bot keeps about you, why, for how long, and who sees it."""
        await show(interaction, notice_message(self._privacy.rules), discord.ui.View(), ephemeral=True)

    @app_commands.command()
    async def export(self, interaction: discord.Interaction[InspireClient]) -> None:
        """Get all that the bot keeps about you, from all servers, as a file."""
        file = await outcome(interaction, self._file(interaction), ephemeral=True)
        await show_files(interaction, "All that is kept about you, in all servers.", [file])

    @app_commands.command()
    async def delete(self, interaction: discord.Interaction[InspireClient]) -> None:
        """Have what the bot keeps about you deleted, in all servers; you are asked once more."""
        preview = await outcome(interaction, self._privacy.preview(interaction.user.id), ephemeral=True)
        view = discord.ui.View(timeout=None)
        if not preview.is_empty:
            view.add_item(DeleteButton())
        await show_words(interaction, preview_words(preview), view)

    async def _file(self, interaction: discord.Interaction[InspireClient]) -> Attachment:
        copy = await self._privacy.copy(interaction.user.id)
        return await self._files.make(partial(export_file, copy, limit=interaction.filesize_limit))
