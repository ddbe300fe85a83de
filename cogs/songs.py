"""`/songs`: a server's finished songs."""

from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.buttons.lists import SongPages, TopPages
from bot.chat.client import InspireClient
from bot.chat.delivery.result_message import song_message
from bot.chat.interactions.components import safe_autocomplete
from bot.chat.interactions.respond import Reply, respond, run_or_defer
from bot.chat.interactions.viewers import viewer_of
from bot.chat.messages.library import song_choice
from bot.domain.songs import SongNotFoundError, TopPeriod
from bot.services.library.songs import SongLibrary


class Songs(commands.GroupCog, group_name="songs", group_description="The songs of your server"):
    """Finished songs, for every member."""

    def __init__(self, library: SongLibrary) -> None:
        self._library = library

    @app_commands.command(name="list")
    @app_commands.describe(member="Only the songs that this member asked for")
    async def list_(
        self, interaction: discord.Interaction[InspireClient], member: discord.User | None = None
    ) -> None:
        """See the songs that were made here, newest first."""
        await SongPages.open(interaction, str(member.id) if member else "")

    @app_commands.command()
    @app_commands.describe(period="From when they are; all if left out")
    async def top(
        self,
        interaction: discord.Interaction[InspireClient],
        period: Literal["day", "week", "month", "all"] = "all",
    ) -> None:
        """See the songs with the most stars."""
        await TopPages.open(interaction, TopPeriod(period))

    @app_commands.command()
    @app_commands.describe(song="A song of this server, by its title")
    async def show(
        self, interaction: discord.Interaction[InspireClient], song: app_commands.Range[str, 1, 100]
    ) -> None:
        """Post a song of this server again, for everybody here."""
        if not (song.isascii() and song.isdigit() and len(song) <= 20):
            raise SongNotFoundError
        looking = self._library.card(int(song), viewer_of(interaction))
        card = await run_or_defer(interaction, looking, ephemeral=False)
        shown = song_message(card)
        reply = Reply(content=shown.content, embeds=shown.embeds, view=shown.view)
        await respond(interaction, reply, ephemeral=False)

    @show.autocomplete("song")
    @safe_autocomplete
    async def _titles(
        self, interaction: discord.Interaction[InspireClient], current: str
    ) -> list[app_commands.Choice[str]]:
        titles = await self._library.suggestions(viewer_of(interaction), current)
        return [app_commands.Choice(name=song_choice(one), value=str(one.request_id)) for one in titles]
