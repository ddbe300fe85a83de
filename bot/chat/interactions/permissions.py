"""Who may use moderators' commands: a server can offer them to others, so the bot looks, too."""

import discord
from discord import app_commands

from bot.chat.interactions.context import role_ids_of
from bot.services.moderation.audit import Actor
from bot.services.moderation.members import TargetMember

MODERATORS = discord.Permissions(manage_guild=True)
"""What the commands ask Discord to show them for."""


def actor_of(interaction: discord.Interaction[discord.Client]) -> Actor:
    """Whose decision the interaction makes.

    Raises:
        app_commands.MissingPermissions: the member lacks Manage Server.
    """
    require_moderator(interaction)
    return Actor(
        interaction_id=interaction.id, guild_id=interaction.guild_id or 0, actor_id=interaction.user.id
    )


def target_member(user: discord.User | discord.Member) -> TargetMember:
    """Whom a decision is about; of one who left the server, no roles are known."""
    return TargetMember(user_id=user.id, role_ids=role_ids_of(user), is_bot=user.bot)


def require_moderator(interaction: discord.Interaction[discord.Client]) -> None:
    """Nothing happens to those who may manage the server.

    Raises:
        app_commands.MissingPermissions: the member lacks Manage Server.
    """
    if not is_moderator(interaction):
        raise app_commands.MissingPermissions(["manage_guild"])


def is_moderator(interaction: discord.Interaction[discord.Client]) -> bool:
    """True for those who may manage the server."""
    allowed = interaction.permissions
    return allowed.manage_guild or allowed.administrator
