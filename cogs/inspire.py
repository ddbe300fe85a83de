"""`/inspire`: a song request from a playlist."""

from collections.abc import Sequence
from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import InspireClient
from bot.chat.interactions.components import safe_autocomplete
from bot.chat.interactions.context import request_context
from bot.chat.messages.choices import CHOICE_LIMIT
from bot.chat.status_response import respond_with_status
from bot.chat.text.formatting import plain
from bot.domain.song_options import PROMPT_LIMIT, SongOptions
from bot.domain.suno_links import TEXT_LIMIT
from bot.services.library.playlists import PlaylistService
from bot.services.requests.service import RequestService

Weight: TypeAlias = app_commands.Range[float, 0.0, 1.0]
Link: TypeAlias = app_commands.Range[str, 1, TEXT_LIMIT]


class Inspire(commands.Cog):
    """Placement of song requests."""

    def __init__(self, songs: RequestService, playlists: PlaylistService, *, models: Sequence[str]) -> None:
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
        options = SongOptions(
            playlist=playlist,
            prompt=prompt,
            model=model,
            style_weight=style_weight,
            audio_weight=audio_weight,
            weirdness=weirdness,
            persona=persona,
            artist_clip=artist_clip,
        )
        await respond_with_status(interaction, self._songs.place(options, request_context(interaction)))

    @inspire.autocomplete("playlist")
    @safe_autocomplete
    async def _saved(
        self, interaction: discord.Interaction[InspireClient], current: str
    ) -> list[app_commands.Choice[str]]:
        saved = await self._playlists.suggestions(interaction.guild_id or 0, current)
        return [
            app_commands.Choice(name=plain(one.name, limit=CHOICE_LIMIT), value=one.playlist_id)
            for one in saved
        ]
