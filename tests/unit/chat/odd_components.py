import asyncio

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import InspireClient
from bot.chat.interactions.components import (
    Choices,
    SafeButton,
    SafeModal,
    command,
    matching,
    safe_autocomplete,
)
from bot.chat.interactions.context import AnyInteraction, GuildInteraction
from bot.chat.interactions.respond import edit_source_message, respond, run_or_defer
from bot.chat.messages.buttons import button
from bot.chat.text.link_errors import PLAYLIST, link_error
from bot.domain.errors import LinkKind, NotYoursError, PersonaError, PlaylistError

SLOW_S = 0.03
"""Longer than the bot waits here before it defers."""
WORDS = link_error(LinkKind.SONG_LINK, PLAYLIST)
REFUSAL = PlaylistError(LinkKind.SONG_LINK)


class OddButton(SafeButton, template=r"odd:(?P<how>[a-z]+)"):
    async def pressed(self, interaction: GuildInteraction) -> None:
        how = self.match["how"]
        if how == "form":
            await interaction.raw.response.send_modal(OddForm(interaction))
            return
        if how == "deferred":
            await interaction.raw.response.defer()
        if how == "edited":
            await run_or_defer(interaction, asyncio.sleep(SLOW_S), updates=True)
            await edit_source_message(interaction, content="Edited")
            return
        raise RuntimeError("broken") if how == "bug" else NotYoursError()


class OddForm(SafeModal, title="Odd"):
    name: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(label="Name", custom_id="name")

    async def submitted(self, interaction: GuildInteraction) -> None:
        raise REFUSAL


class Picky(app_commands.Transformer):
    async def transform(self, interaction: AnyInteraction, value: str, /) -> str:
        if value == "refused":
            raise PersonaError(LinkKind.FREE_TEXT)
        raise ValueError(value)


class Trial(commands.Cog):
    def __init__(self, _: InspireClient) -> None:
        self.error: Exception = REFUSAL

    @command()
    async def fail(self, interaction: GuildInteraction) -> None:
        raise self.error

    @command()
    async def answered(self, interaction: GuildInteraction) -> None:
        await interaction.raw.response.send_message("Here it is")
        raise self.error

    @command()
    async def deferred(self, interaction: GuildInteraction, private: bool) -> None:
        await interaction.raw.response.defer(ephemeral=private)
        raise self.error

    @command()
    async def filled(self, interaction: GuildInteraction) -> None:
        await interaction.raw.response.defer()
        await interaction.raw.edit_original_response(content="Here it is")
        raise self.error

    @command()
    async def twice(self, interaction: GuildInteraction) -> None:
        await respond(interaction, "first")
        await respond(interaction, "second")

    @command()
    async def slow(self, interaction: GuildInteraction) -> None:
        await run_or_defer(interaction, asyncio.sleep(SLOW_S))
        await respond(interaction, "Here it is")

    @command()
    async def slower(self, interaction: GuildInteraction) -> None:
        await run_or_defer(interaction, asyncio.sleep(SLOW_S))
        await run_or_defer(interaction, asyncio.sleep(SLOW_S))
        await respond(interaction, "Here it is")

    @command()
    async def picky(
        self,
        interaction: GuildInteraction,
        what: app_commands.Transform[str, Picky],
    ) -> None:
        raise AssertionError("unreachable")

    @command()
    async def suggest(self, interaction: GuildInteraction, what: str) -> None:
        raise AssertionError("unreachable")

    @suggest.autocomplete("what")
    @safe_autocomplete
    async def suggestions(self, interaction: GuildInteraction, current: str) -> Choices:
        if current == "bug":
            raise RuntimeError("broken")
        return matching([(current, current)])

    @command()
    @app_commands.checks.has_permissions(manage_guild=True)
    async def moderate(self, interaction: GuildInteraction) -> None:
        raise AssertionError("unreachable")

    @command()
    async def buttons(self, interaction: GuildInteraction) -> None:
        view = discord.ui.View(timeout=None)
        for how in ("bug", "refused", "deferred", "form", "edited"):
            view.add_item(button(how, f"odd:{how}"))
        await interaction.raw.response.send_message("Press one", view=view)
