"""Answering with an embed in time: at once when the outcome is there, else after a deferral."""

import asyncio
import io
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import TypeVar

import discord

from bot.chat.api_errors import TROUBLE
from bot.chat.connection.webhook_adapter import ADAPTER
from bot.chat.interactions.error_responses import ALREADY_ACKNOWLEDGED
from bot.domain.errors import AnsweredElsewhereError

log = logging.getLogger(__name__)

BUDGET_S = 1.0
"""Seconds in which an outcome can be the answer itself; Discord waits for 3."""

T = TypeVar("T")
Asked = discord.Interaction[discord.Client]


async def run_or_defer(
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
        except TROUBLE as error:
            log.warning("The deferral was not taken: %s", error, extra={"interaction": interaction.id})
    return await task


async def respond(
    interaction: Asked, embed: discord.Embed, view: discord.ui.View, *, ephemeral: bool
) -> int | None:
    """Answer with the embed, at once or in place of the deferral.

    Gives the message's id, unless another copy of the bot may have answered.

    Raises:
        AnsweredElsewhereError: another copy of the bot has answered.
    """
    if not interaction.response.is_done():
        try:
            sent = await interaction.response.send_message(embed=embed, view=view, ephemeral=ephemeral)
        except discord.HTTPException as error:
            if error.code != ALREADY_ACKNOWLEDGED:
                raise
            raise AnsweredElsewhereError from error  # one of this process's own counts as taken
        if sent.message_id is not None:
            return sent.message_id
    elif not ADAPTER.was_cut_off(interaction.id):
        return (await interaction.edit_original_response(embed=embed, view=view)).id
    return await _id_of_own(interaction, embed, view)


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


async def respond_with_files(interaction: Asked, words: str, attachments: Sequence[Attachment]) -> None:
    """Answer with words and files for the member alone, at once or in place of the deferral."""
    files = [attachment.file() for attachment in attachments]
    if interaction.response.is_done():
        await interaction.edit_original_response(content=words, attachments=files)
    else:
        await interaction.response.send_message(words, files=files, ephemeral=True)


async def respond_with_view(interaction: Asked, words: str, view: discord.ui.View) -> None:
    """Answer with words and buttons for the member alone, at once or in place of the deferral."""
    if interaction.response.is_done():
        await interaction.edit_original_response(content=words, view=view)
    else:
        await interaction.response.send_message(words, view=view, ephemeral=True)


def custom_ids(message: discord.Message) -> set[str]:
    """Return the ids of the message's buttons, but for those that are links."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return {part.custom_id for row in rows for part in row.children if part.custom_id is not None}


async def _id_of_own(interaction: Asked, embed: discord.Embed, view: discord.ui.View) -> int | None:
    """Return the id of the answer that stands there; None when nobody knows whose it is.

    Raises:
        AnsweredElsewhereError: it surely is another one.
    """
    try:
        original = await interaction.original_response()
    except TROUBLE as error:
        if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
            raise
        log.info("The answer's id is not known: %s", error, extra={"interaction": interaction.id})
        return None
    if original.flags.loading:
        await interaction.edit_original_response(embed=embed, view=view)
        return None  # another copy may be about to do the same
    said = [(one.title, one.description) for one in original.embeds]
    if (embed.title, embed.description) not in said or not _ids_of(view) <= custom_ids(original):
        raise AnsweredElsewhereError
    return original.id


def _ids_of(view: discord.ui.View) -> set[str]:
    """Return the ids of the view's buttons, but for those that are links."""
    ids = (getattr(item, "custom_id", None) for item in view.children)
    return {custom_id for custom_id in ids if custom_id is not None}
