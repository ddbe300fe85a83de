"""A small bot on disnake: `python disnake_bot.py API_URL TOKEN`."""

import asyncio
import io
import sys

import disnake
from disnake.ext import commands
from disnake.http import Route
from disnake.interactions.application_command import ApplicationCommandInteraction as Interaction


async def hello(interaction: Interaction[commands.InteractionBot]) -> None:
    await interaction.response.send_message("hello")
    await interaction.edit_original_response(content="hello again")
    await interaction.channel.send(file=disnake.File(io.BytesIO(b"sound"), "song.mp3"))


async def late(interaction: Interaction[commands.InteractionBot]) -> None:
    await interaction.response.defer()
    await interaction.followup.send("done", file=disnake.File(io.BytesIO(b"words"), "words.txt"))


def main() -> None:
    Route.BASE, token = sys.argv[1:]
    asyncio.set_event_loop(asyncio.new_event_loop())
    bot = commands.InteractionBot()
    bot.slash_command(description="Answers, edits the answer and posts a file")(hello)
    bot.slash_command(description="Defers, then answers with a file")(late)
    bot.run(token)


if __name__ == "__main__":
    main()
