"""Who may use moderators' commands: a server can offer them to others, so the bot looks, too."""

import discord
from discord import app_commands

MODERATORS = discord.Permissions(manage_guild=True)
"""What the commands ask Discord to show them for."""


def require_moderator(interaction: discord.Interaction[discord.Client]) -> None:
    """Nothing happens to those who may manage the server.

    Raises:
        app_commands.MissingPermissions: the member may not.
    """
    allowed = interaction.permissions
    if not (allowed.manage_guild or allowed.administrator):
        raise app_commands.MissingPermissions(["manage_guild"])
