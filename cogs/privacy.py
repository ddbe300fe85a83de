"""`/privacy`: the privacy notice, and export and deletion of a member's data."""

from functools import partial

import discord
from discord.ext import commands

from bot.chat.interactions.components import command
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.buttons import delete_data_button
from bot.chat.messages.files import ExportFiles
from bot.chat.messages.privacy import ALL_YOUR_DATA, export_file, notice_message, preview_words
from bot.chat.messages.rendered import Attachment, RenderedMessage
from bot.chat.text import descriptions
from bot.services.privacy.service import PrivacyService


class Privacy(commands.GroupCog, group_name="privacy", group_description=descriptions.PRIVACY_GROUP):
    """A member's personal data."""

    def __init__(self, privacy: PrivacyService) -> None:
        self._privacy = privacy
        self.files = ExportFiles()

    async def cog_unload(self) -> None:
        """Stop the thread that writes files."""
        self.files.close()

    @command()
    async def notice(self, interaction: GuildInteraction) -> None:
        """Read what the bot keeps about you, why, for how long, and who sees it."""
        await respond(interaction, notice_message(self._privacy.rules))

    @command()
    async def export(self, interaction: GuildInteraction) -> None:
        """Get all the data that the bot keeps about you, from all servers, as a file."""
        file = await run_or_defer(interaction, self._file(interaction))
        await respond(interaction, RenderedMessage(content=ALL_YOUR_DATA, attachments=[file]))

    @command()
    async def delete(self, interaction: GuildInteraction) -> None:
        """Delete the data that the bot keeps about you, in all servers; you are asked to confirm."""
        preview = await run_or_defer(interaction, self._privacy.preview(interaction.user_id))
        view = discord.ui.View(timeout=None)
        if not preview.is_empty:
            view.add_item(delete_data_button())
        await respond(interaction, RenderedMessage(content=preview_words(preview), view=view))

    async def _file(self, interaction: GuildInteraction) -> Attachment:
        async with self.files.turn(interaction.guild_id):
            copy = await self._privacy.export(interaction.user_id)
            return await self.files.make(partial(export_file, copy, limit=interaction.raw.filesize_limit))
