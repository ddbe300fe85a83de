"""`/playlists`: a server's saved playlists, which `/inspire` offers by name."""

from typing import TypeAlias

from discord import app_commands
from discord.ext import commands

from bot.chat.buttons.lists import PlaylistPages
from bot.chat.interactions.components import (
    MAX_CHOICES,
    Choices,
    command,
    matching,
    moderator_autocomplete,
)
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.interactions.transformers import NewName, PlaylistOption
from bot.chat.messages.choices import CHOICE_LIMIT
from bot.chat.text import confirmations, descriptions
from bot.chat.text.formatting import plain
from bot.domain.playlists import NAME_LIMIT, name_key

NONE = "none"
"""What clears the default playlist."""
NO_DEFAULT = "none (a random saved playlist each time)"
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
        saved = await interaction.services.playlists.matching(interaction.guild_id, current)
        return matching((plain(one.name, limit=CHOICE_LIMIT), one.name) for one in saved)

    @command()
    @app_commands.describe(**descriptions.PLAYLISTS_DEFAULT)
    async def default(self, interaction: GuildInteraction, name: Name | None = None) -> None:
        """For moderators: choose the playlist of requests that name none."""
        actor, playlists = interaction.require_moderator(), interaction.services.playlists
        if name is None:
            saved = await run_or_defer(interaction, playlists.default(interaction.guild_id))
            await respond(interaction, confirmations.default_playlist(saved))
            return
        setting = playlists.set_default(actor, None if name_key(name) == NONE else name)
        await respond(
            interaction, confirmations.default_playlist_set(await run_or_defer(interaction, setting))
        )

    @default.autocomplete("name")
    @moderator_autocomplete
    async def _default(self, interaction: GuildInteraction, current: str) -> Choices:
        saved = await interaction.services.playlists.matching(interaction.guild_id, current)
        named = [(plain(one.name, limit=CHOICE_LIMIT), one.name) for one in saved]
        return matching([*named[: MAX_CHOICES - 1], (NO_DEFAULT, NONE)])

    @command("list")
    async def list_(self, interaction: GuildInteraction) -> None:
        """See the saved playlists of this server."""
        await PlaylistPages.open(interaction)
