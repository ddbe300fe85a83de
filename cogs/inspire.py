"""`/inspire`: a playlist becomes a song request."""

from collections.abc import Sequence
from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.asking import asked_of
from bot.chat.client import InspireClient
from bot.chat.guards import guarded_choices
from bot.chat.ordering import answer_with_status
from bot.chat.render.choice import CHOICE_LIMIT
from bot.chat.texts import plain
from bot.domain.songs import PROMPT_LIMIT, Order
from bot.domain.suno_links import TEXT_LIMIT
from bot.services.playlists import SavedPlaylists
from bot.services.songs import Songs

Weight: TypeAlias = app_commands.Range[float, 0.0, 1.0]
Link: TypeAlias = app_commands.Range[str, 1, TEXT_LIMIT]


class Inspire(commands.Cog):
    """Placing song requests."""

    def __init__(self, songs: Songs, playlists: SavedPlaylists, *, models: Sequence[str]) -> None:
        self._songs = songs
        self._playlists = playlists
        offered = [app_commands.Choice(name=model, value=model) for model in models]
        app_commands.choices(model=offered)(self.inspire)

    @app_commands.command()
    @app_commands.describe(
        playlist="A saved playlist, or the link or id of one on Suno: its songs are the inspiration",
        prompt="What the song should be like; parts of it may be sung",
        model="Which version of Suno makes it",
        style_weight="0 to 1: how closely it keeps to the playlist's style",
        audio_weight="0 to 1: how much of the original sound it takes over",
        weirdness="0 to 1: how bold it may be",
        persona="The id or link of a Suno persona: the voice; goes together with artist_clip",
        artist_clip="The link or id of one song as a reference of style; goes together with persona",
    )
    async def inspire(
        self,
        interaction: discord.Interaction[InspireClient],
        playlist: Link,
        prompt: app_commands.Range[str, 1, PROMPT_LIMIT] | None = None,
        model: str | None = None,
        style_weight: Weight | None = None,
        audio_weight: Weight | None = None,
        weirdness: Weight | None = None,
        persona: Link | None = None,
        artist_clip: Link | None = None,
    ) -> None:
        """Make a new song in the spirit of a playlist."""
        order = Order(
            playlist=playlist,
            prompt=prompt,
            model=model,
            style_weight=style_weight,
            audio_weight=audio_weight,
            weirdness=weirdness,
            persona=persona,
            artist_clip=artist_clip,
        )
        await answer_with_status(interaction, self._songs.place(order, asked_of(interaction)))

    @inspire.autocomplete("playlist")
    @guarded_choices
    async def _saved(
        self, interaction: discord.Interaction[InspireClient], current: str
    ) -> list[app_commands.Choice[str]]:
        saved = await self._playlists.offered(interaction.guild_id or 0, current)
        return [
            app_commands.Choice(name=plain(one.name, limit=CHOICE_LIMIT), value=one.playlist_id)
            for one in saved
        ]
