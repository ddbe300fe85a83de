"""`/inspire`: a song request from a playlist."""

from collections.abc import Sequence
from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.buttons.song_form import open_form_for
from bot.chat.interactions.components import Choices, command, matching, safe_autocomplete
from bot.chat.interactions.context import AnyInteraction, GuildInteraction, accept
from bot.chat.interactions.transformers import ClipOption, PersonaOption, PlaylistOrName, Weight
from bot.chat.messages.choices import model_choices
from bot.chat.messages.library import playlist_choice
from bot.chat.status_response import respond_with_status
from bot.chat.text import descriptions, labels
from bot.domain.song_options import PROMPT_LIMIT, SongOptions

StyleWeight: TypeAlias = app_commands.Transform[float, Weight("style_weight")]
AudioWeight: TypeAlias = app_commands.Transform[float, Weight("audio_weight")]
MODEL_LIMIT = 50
"""Characters of a model, as it is typed."""
Weirdness: TypeAlias = app_commands.Transform[float, Weight("weirdness")]


class Inspire(commands.Cog):
    """Placement of song requests."""

    def __init__(self, tree: app_commands.CommandTree[discord.Client], *, models: Sequence[str]) -> None:
        self._tree = tree
        self._models = tuple(models)
        self._like_this = app_commands.ContextMenu(name=labels.SONG_LIKE_THIS, callback=self.song_like_this)

    async def cog_load(self) -> None:
        """Add the message command, of which a cog knows nothing by itself."""
        self._tree.add_command(self._like_this, override=True)

    async def cog_unload(self) -> None:
        """Remove the message command."""
        self._tree.remove_command(self._like_this.name, type=self._like_this.type)

    async def song_like_this(self, interaction: AnyInteraction, message: discord.Message) -> None:
        """Open the form for a song like the one in a message."""
        await open_form_for(accept(interaction), message)

    @command()
    @app_commands.describe(**descriptions.INSPIRE)
    async def inspire(
        self,
        interaction: GuildInteraction,
        playlist: PlaylistOrName | None = None,
        prompt: app_commands.Range[str, 1, PROMPT_LIMIT] | None = None,
        model: app_commands.Range[str, 1, MODEL_LIMIT] | None = None,
        style_weight: StyleWeight | None = None,
        audio_weight: AudioWeight | None = None,
        weirdness: Weirdness | None = None,
        persona: PersonaOption | None = None,
        artist_clip: ClipOption | None = None,
    ) -> None:
        """Make a new song in the spirit of a playlist."""
        options = SongOptions(
            playlist=playlist,
            prompt=prompt,
            model=model,
            style_weight=style_weight,
            audio_weight=audio_weight,
            weirdness=weirdness,
            persona_id=persona,
            artist_clip_id=artist_clip,
        )
        placing = interaction.services.requests.place(options, interaction.request_context())
        await respond_with_status(interaction, placing)

    @inspire.autocomplete("playlist")
    @safe_autocomplete
    async def _saved(self, interaction: GuildInteraction, current: str) -> Choices:
        playlists = interaction.services.playlists
        found = await playlists.suggestions(interaction.guild_id, interaction.user_id, current)
        return matching((playlist_choice(one), one.value) for one in found)

    @inspire.autocomplete("model")
    @safe_autocomplete
    async def _model(self, interaction: GuildInteraction, current: str) -> Choices:
        usual = (await interaction.services.guild_settings.effective(interaction.guild_id)).model
        offered = model_choices(self._models, usual=usual)
        return matching(offered, current) or matching(offered)
