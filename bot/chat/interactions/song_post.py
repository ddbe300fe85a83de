"""A finished song as the answer to a command."""

import discord

from bot.chat.delivery.result_message import song_message
from bot.chat.interactions.respond import AnyInteraction
from bot.services.cards import ResultCard

QUIET = discord.AllowedMentions.none()


async def post_song(interaction: AnyInteraction, card: ResultCard) -> None:
    """Post the song in the channel again, with its buttons, without notifying anybody."""
    song = song_message(card)
    if interaction.response.is_done():
        await interaction.edit_original_response(
            content=song.content, embeds=song.embeds, view=song.view, allowed_mentions=QUIET
        )
    else:
        await interaction.response.send_message(
            song.content, embeds=song.embeds, view=song.view, allowed_mentions=QUIET
        )
