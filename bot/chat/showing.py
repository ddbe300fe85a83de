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
from bot.domain.errors import AnsweredElsewhereError

log = logging.getLogger(__name__)

BUDGET_S = 1.0
"""Seconds in which an outcome can be the answer itself; Discord waits for 3."""

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
    try:
        answered = await interaction.response.send_message(embed=embed, view=view, ephemeral=ephemeral)
    except discord.HTTPException as error:
        if error.code != ALREADY_ACKNOWLEDGED:
            raise
        raise AnsweredElsewhereError from error  # one of this process's own counts as taken
    return answered.message_id or await _id_of_own(interaction, embed)


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


async def _id_of_own(interaction: Asked, embed: discord.Embed) -> int | None:
    """The id of the answer that stands there; without it, the interaction's token still reaches it.

    Raises:
        AnsweredElsewhereError: it surely is another one.
    """
    try:
        original = await interaction.original_response()
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.info("The answer's id is not known: %s", error, extra={"interaction": interaction.id})
        return None
    said = [(one.title, one.description) for one in original.embeds]
    if not original.flags.loading and (embed.title, embed.description) not in said:
        raise AnsweredElsewhereError
    return original.id
