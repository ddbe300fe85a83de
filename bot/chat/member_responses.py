"""Answers that a command and a button of `/help` share."""

from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.credits import credits_message
from bot.chat.messages.queue import queue_message


async def respond_with_credits(interaction: GuildInteraction) -> None:
    """Answer with the member's credits."""
    overview = interaction.services.quotas.overview(
        interaction.guild_id, interaction.user_id, role_ids=interaction.role_ids
    )
    await respond(interaction, credits_message(await run_or_defer(interaction, overview)))


async def respond_with_queue(interaction: GuildInteraction) -> None:
    """Answer with the server's queue."""
    viewing = interaction.services.queue.view(interaction.guild_id, interaction.user_id)
    await respond(interaction, queue_message(await run_or_defer(interaction, viewing)))
