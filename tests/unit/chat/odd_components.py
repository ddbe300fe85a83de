import asyncio
import re

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import InspireClient
from bot.chat.interactions.components import SafeButton, SafeModal, safe_autocomplete
from bot.chat.interactions.respond import edit_source_message, respond, run_or_defer
from bot.domain.errors import LinkKind, NotYoursError, PersonaError, PlaylistError

SLOW_S = 0.01
"""Longer than the bot waits here before it defers."""
WORDS = "Put the song in a playlist"
REFUSAL = PlaylistError(LinkKind.SONG_LINK)


class OddButton(SafeButton, template=r"odd:(?P<how>[a-z]+)"):
    def __init__(self, how: str) -> None:
        super().__init__(discord.ui.Button(label=how, custom_id=f"odd:{how}"))
        self.how = how

    @classmethod
    def from_match(cls, match: re.Match[str]) -> "OddButton":
        return cls(match["how"])

    async def pressed(self, interaction: discord.Interaction[discord.Client]) -> None:
        if self.how == "form":
            await interaction.response.send_modal(OddForm())
            return
        if self.how == "deferred":
            await interaction.response.defer()
        if self.how == "edited":
            await run_or_defer(interaction, asyncio.sleep(SLOW_S), updates=True)
            await edit_source_message(interaction, content="Edited")
            return
        raise RuntimeError("broken") if self.how == "bug" else NotYoursError()


class OddForm(SafeModal, title="Odd"):
    name: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(label="Name", custom_id="name")

    async def on_submit(self, interaction: discord.Interaction[discord.Client], /) -> None:
        raise REFUSAL


class Picky(app_commands.Transformer):
    async def transform(self, interaction: discord.Interaction[discord.Client], value: str, /) -> str:
        if value == "refused":
            raise PersonaError(LinkKind.FREE_TEXT)
        raise ValueError(value)


class Trial(commands.Cog):
    def __init__(self, _: InspireClient) -> None:
        self.error: Exception = REFUSAL

    @app_commands.command(description="Fails at once")
    async def fail(self, interaction: discord.Interaction[InspireClient]) -> None:
        raise self.error

    @app_commands.command(description="Fails after an answer")
    async def answered(self, interaction: discord.Interaction[InspireClient]) -> None:
        await interaction.response.send_message("Here it is")
        raise self.error

    @app_commands.command(description="Fails after a deferral")
    async def deferred(self, interaction: discord.Interaction[InspireClient], private: bool) -> None:
        await interaction.response.defer(ephemeral=private)
        raise self.error

    @app_commands.command(description="Fails after a deferral was filled")
    async def filled(self, interaction: discord.Interaction[InspireClient]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="Here it is")
        raise self.error

    @app_commands.command(description="Answers twice")
    async def twice(self, interaction: discord.Interaction[InspireClient]) -> None:
        await respond(interaction, "first")
        await respond(interaction, "second")

    @app_commands.command(description="Answers slowly")
    async def slow(self, interaction: discord.Interaction[InspireClient]) -> None:
        await run_or_defer(interaction, asyncio.sleep(SLOW_S))
        await respond(interaction, "Here it is")

    @app_commands.command(description="Takes something picky")
    async def picky(
        self,
        interaction: discord.Interaction[InspireClient],
        what: app_commands.Transform[str, Picky],
    ) -> None:
        raise AssertionError("unreachable")

    @app_commands.command(description="Suggests something")
    async def suggest(self, interaction: discord.Interaction[InspireClient], what: str) -> None:
        raise AssertionError("unreachable")

    @suggest.autocomplete("what")
    @safe_autocomplete
    async def suggestions(
        self, interaction: discord.Interaction[InspireClient], current: str
    ) -> list[app_commands.Choice[str]]:
        if current == "bug":
            raise RuntimeError("broken")
        return [app_commands.Choice(name=current, value=current)]

    @app_commands.command(description="For moderators")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def moderate(self, interaction: discord.Interaction[InspireClient]) -> None:
        raise AssertionError("unreachable")

    @app_commands.command(description="Shows buttons")
    async def buttons(self, interaction: discord.Interaction[InspireClient]) -> None:
        view = discord.ui.View(timeout=None)
        for how in ("bug", "refused", "deferred", "form", "edited"):
            view.add_item(OddButton(how))
        await interaction.response.send_message("Press one", view=view)
