"""`/songs`: a server's finished songs."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.buttons.lists import SongPages, TopPages
from bot.chat.delivery.result_message import song_message
from bot.chat.delivery.song_files import SongFiles
from bot.chat.interactions.components import Choices, command, matching, safe_autocomplete
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import defer, respond, run_or_defer
from bot.chat.interactions.transformers import SongId, TopPeriodOption
from bot.chat.messages.library import song_choice
from bot.chat.text import descriptions
from bot.domain.songs import TopPeriod


class Songs(commands.GroupCog, group_name="songs", group_description=descriptions.SONGS_GROUP):
    """Finished songs, for every member."""

    def __init__(self, *, attach_audio: bool) -> None:
        self.files = SongFiles(attach_audio=attach_audio)

    @command("list")
    @app_commands.describe(**descriptions.SONGS_LIST)
    async def list_(self, interaction: GuildInteraction, member: discord.User | None = None) -> None:
        """See the songs that were made here, newest first."""
        await SongPages.open(interaction, str(member.id) if member else "")

    @command()
    @app_commands.describe(**descriptions.SONGS_TOP)
    async def top(
        self,
        interaction: GuildInteraction,
        period: TopPeriodOption = TopPeriod.ALL,
    ) -> None:
        """See the songs that most members love."""
        await TopPages.open(interaction, period)

    @command()
    @app_commands.describe(**descriptions.SONGS_SHOW)
    async def show(self, interaction: GuildInteraction, song: SongId) -> None:
        """Post a song of this server again with its files, for everyone here."""
        looking = interaction.services.songs.show(song, interaction.viewer())
        shown = await run_or_defer(interaction, looking, ephemeral=False)
        await defer(interaction, ephemeral=False)  # an upload may take longer than Discord waits
        async with self.files.of(interaction, shown) as files:
            await respond(interaction, song_message(shown.card, files), ephemeral=False)

    @show.autocomplete("song")
    @safe_autocomplete
    async def _titles(self, interaction: GuildInteraction, current: str) -> Choices:
        titles = await interaction.services.songs.suggestions(interaction.viewer(), current)
        return matching((song_choice(one), one.request_id) for one in titles)
