"""Answering with an embed in time: at once when the outcome is there, else after a deferral."""

import asyncio
import io
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
import discord

from bot.chat.answers import ALREADY_ACKNOWLEDGED
from bot.chat.cut_off import may_be_own
from bot.domain.errors import AnsweredElsewhereError

log = logging.getLogger(__name__)

BUDGET_S = 1.0
"""Seconds in which an outcome can be the answer itself; Discord waits for 3."""

PAUSES_S = (0.05, 0.2, 0.5)
"""Seconds before each repeat of an answer that was cut off; all of them fit into Discord's 3."""

T = TypeVar("T")
Asked = discord.Interaction[discord.Client]


async def outcome(
    interaction: Asked, operation: Coroutine[object, object, T], *, ephemeral: bool, updates: bool = False
) -> T:
    """What the operation gives; the interaction is deferred if that takes longer than the budget.

    The answer will be a message of its own, or with `updates` a change of the one whose button was pressed.
    The operation is carried out even when Discord no longer takes the deferral.
    """
    task = asyncio.ensure_future(operation)
    done, _ = await asyncio.wait({task}, timeout=BUDGET_S)
    if not done and not interaction.response.is_done():
        try:
            await interaction.response.defer(ephemeral=ephemeral, thinking=not updates)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("The deferral was not taken: %s", error, extra={"interaction": interaction.id})
    return await task


async def show(
    interaction: Asked, embed: discord.Embed, view: discord.ui.View, *, ephemeral: bool
) -> int | None:
    """Answer with the embed, at once or in place of the deferral; gives the message's id, if it is known.

    Raises:
        AnsweredElsewhereError: another copy of the bot has answered.
    """
    if interaction.response.is_done():
        return (await interaction.edit_original_response(embed=embed, view=view)).id
    for pause_s in PAUSES_S:
        try:
            return await _answer(interaction, embed, view, ephemeral=ephemeral)
        except (aiohttp.ClientError, OSError):  # discord.py repeats no call that was cut off
            log.info("The answer was cut off, once more", extra={"interaction": interaction.id})
            await asyncio.sleep(pause_s)
    return await _answer(interaction, embed, view, ephemeral=ephemeral)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with an answer."""

    name: str
    data: bytes
    description: str | None = None
    """What it shows, in words, for those who cannot see it."""

    def file(self) -> discord.File:
        """The file for one attempt: one that was sent once is empty the second time."""
        return discord.File(io.BytesIO(self.data), filename=self.name, description=self.description)


async def show_files(interaction: Asked, words: str, attachments: Sequence[Attachment]) -> None:
    """Answer with words and files for the member alone, at once or in place of the deferral."""
    files = [attachment.file() for attachment in attachments]
    if interaction.response.is_done():
        await interaction.edit_original_response(content=words, attachments=files)
    else:
        await interaction.response.send_message(words, files=files, ephemeral=True)


async def show_words(interaction: Asked, words: str, view: discord.ui.View) -> None:
    """Answer with words and buttons for the member alone, at once or in place of the deferral."""
    if interaction.response.is_done():
        await interaction.edit_original_response(content=words, view=view)
    else:
        await interaction.response.send_message(words, view=view, ephemeral=True)


async def _answer(
    interaction: Asked, embed: discord.Embed, view: discord.ui.View, *, ephemeral: bool
) -> int | None:
    try:
        answered = await interaction.response.send_message(embed=embed, view=view, ephemeral=ephemeral)
    except discord.HTTPException as error:
        if error.code != ALREADY_ACKNOWLEDGED:
            raise
        if not may_be_own(interaction) or await _is_other(interaction, embed):
            raise AnsweredElsewhereError from error
        return await _known_id(interaction)
    return answered.message_id or await _known_id(interaction)


async def _is_other(interaction: Asked, embed: discord.Embed) -> bool:
    """Whether what stands there as the answer is surely not this one."""
    try:
        original = await interaction.original_response()
    except (discord.DiscordException, aiohttp.ClientError, OSError):
        return False
    said = [(one.title, one.description) for one in original.embeds]
    return not original.flags.loading and (embed.title, embed.description) not in said


async def _known_id(interaction: Asked) -> int | None:
    """The id of the answer that stands there; without it, the interaction's token still reaches it."""
    try:
        return (await interaction.original_response()).id
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.info("The answer's id is not known: %s", error, extra={"interaction": interaction.id})
        return None
