"""`/help`: what the bot does in this server, what a song costs, and what is left for the member."""

from discord.ext import commands

from bot.chat.interactions.components import command
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.help import HelpView, help_message
from bot.chat.translation import using


class Help(commands.Cog):
    """What the bot does here, for members and moderators."""

    @command()
    async def help(self, interaction: GuildInteraction) -> None:
        """How to make songs here, and what they cost; moderators: setup, config and admin commands."""
        view = await run_or_defer(interaction, _view(interaction))
        with using(interaction.language):
            message = help_message(view)
        await respond(interaction, message)


async def _view(interaction: GuildInteraction) -> HelpView:
    services, guild_id, user_id = interaction.services, interaction.guild_id, interaction.user_id
    in_force = await services.guild_settings.effective(guild_id)
    return HelpView(
        settings=in_force.settings,
        queue=await services.queue.view(guild_id, user_id),
        credits=await services.quotas.overview(guild_id, user_id, role_ids=interaction.role_ids),
        is_moderator=interaction.is_moderator,
    )
