"""`/playlists`: a server's saved playlists, which `/inspire` offers by name."""

from typing import TypeAlias

from discord import app_commands
from discord.ext import commands

from bot.chat.buttons.lists import PlaylistPages
from bot.chat.interactions.components import Choices, command, matching, moderator_autocomplete
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.interactions.transformers import NewName, PlaylistOption
from bot.chat.messages.choices import CHOICE_LIMIT
from bot.chat.text import confirmations, descriptions
from bot.chat.text.formatting import plain
from bot.domain.playlists import NAME_LIMIT

Name: TypeAlias = app_commands.Range[str, 1, NAME_LIMIT]


class Playlists(commands.GroupCog, group_name="playlists", group_description=descriptions.PLAYLISTS_GROUP):
    """Saved playlists: all members can list them, only moderators can change them.

    Discord's permissions apply to a whole group of commands, so those for moderators check by themselves.
    """

    @command()
    @app_commands.describe(**descriptions.PLAYLISTS_ADD)
    async def add(
        self,
        interaction: GuildInteraction,
        name: NewName,
        playlist: PlaylistOption,
    ) -> None:
        """For moderators: save a playlist, which /inspire then offers by its name."""
        adding = interaction.services.playlists.add(interaction.require_moderator(), name, playlist)
        await respond(interaction, confirmations.playlist_saved(await run_or_defer(interaction, adding)))

    @command()
    @app_commands.describe(**descriptions.PLAYLISTS_REMOVE)
    async def remove(self, interaction: GuildInteraction, name: Name) -> None:
        """For moderators: remove a saved playlist; songs made from it stay."""
        removing = interaction.services.playlists.remove(interaction.require_moderator(), name)
        await respond(interaction, confirmations.playlist_removed(await run_or_defer(interaction, removing)))

    @remove.autocomplete("name")
    @moderator_autocomplete
    async def _saved(self, interaction: GuildInteraction, current: str) -> Choices:
        saved = await interaction.services.playlists.suggestions(interaction.guild_id, current)
        return matching((plain(one.name, limit=CHOICE_LIMIT), one.name) for one in saved)

    @command("list")
    async def list_(self, interaction: GuildInteraction) -> None:
        """See the saved playlists of this server."""
        await PlaylistPages.open(interaction)
