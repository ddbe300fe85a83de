"""Checks of moderators' permissions: a server can show the commands to others, so the bot checks too."""

import discord
from discord import app_commands

from bot.chat.interactions.context import role_ids_of
from bot.services.audit_log import Actor
from bot.services.moderation.members import TargetMember

MODERATORS = discord.Permissions(manage_guild=True)
"""The permission for which Discord shows moderators' commands by default."""


def actor_of(interaction: discord.Interaction[discord.Client]) -> Actor:
    """Return the moderator who decides by this interaction.

    Raises:
        app_commands.MissingPermissions: the member lacks Manage Server.
    """
    require_moderator(interaction)
    return Actor(
        interaction_id=interaction.id, guild_id=interaction.guild_id or 0, actor_id=interaction.user.id
    )


def target_member(user: discord.User | discord.Member) -> TargetMember:
    """Return the member whom a decision is about, without roles if they have left the server."""
    return TargetMember(user_id=user.id, role_ids=role_ids_of(user), is_bot=user.bot)


def require_moderator(interaction: discord.Interaction[discord.Client]) -> None:
    """Raise unless the member has Manage Server.

    Raises:
        app_commands.MissingPermissions: the member lacks Manage Server.
    """
    if not is_moderator(interaction):
        raise app_commands.MissingPermissions(["manage_guild"])


def is_moderator(interaction: discord.Interaction[discord.Client]) -> bool:
    """Tell whether the member has Manage Server, or is an administrator."""
    allowed = interaction.permissions
    return allowed.manage_guild or allowed.administrator
