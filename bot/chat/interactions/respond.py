"""Answers to interactions within Discord's time limit: at once if possible, otherwise after a deferral."""

import asyncio
import io
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import TypeVar

import discord

from bot.chat.api_errors import API_ERRORS
from bot.chat.connection.webhook_adapter import ADAPTER
from bot.chat.interactions.error_responses import ALREADY_ACKNOWLEDGED
from bot.domain.errors import AnsweredElsewhereError

log = logging.getLogger(__name__)

BUDGET_S = 1.0
"""Seconds after which the interaction is deferred; Discord waits for 3."""

T = TypeVar("T")
AnyInteraction = discord.Interaction[discord.Client]


async def run_or_defer(
    interaction: AnyInteraction,
    operation: Coroutine[object, object, T],
    *,
    ephemeral: bool,
    updates: bool = False,
) -> T:
    """Run the operation and return its result; defer the interaction if that takes longer than `BUDGET_S`.

    The deferral announces a new message, or with `updates` an edit of the one whose button was pressed.
    The operation is finished even if Discord refuses the deferral.
    """
    task = asyncio.ensure_future(operation)
    done, _ = await asyncio.wait({task}, timeout=BUDGET_S)
    if not done and not interaction.response.is_done():
        try:
            await interaction.response.defer(ephemeral=ephemeral, thinking=not updates)
        except API_ERRORS as error:
            log.warning("The deferral was refused: %s", error, extra={"interaction": interaction.id})
    return await task


async def respond(
    interaction: AnyInteraction, embed: discord.Embed, view: discord.ui.View, *, ephemeral: bool
) -> int | None:
    """Answer with the embed, at once or in place of the deferral; return the message's id.

    The id is None if another copy of the bot may have answered.

    Raises:
        AnsweredElsewhereError: another copy of the bot has answered.
    """
    if not interaction.response.is_done():
        try:
            sent = await interaction.response.send_message(embed=embed, view=view, ephemeral=ephemeral)
        except discord.HTTPException as error:
            if error.code != ALREADY_ACKNOWLEDGED:
                raise
            raise AnsweredElsewhereError from error  # the adapter has absorbed those of this process
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
    """A description of its contents for screen readers."""

    def file(self) -> discord.File:
        """Build the file for one attempt: a `discord.File` that was sent once is empty the second time."""
        return discord.File(io.BytesIO(self.data), filename=self.name, description=self.description)


async def respond_with_files(
    interaction: AnyInteraction, words: str, attachments: Sequence[Attachment]
) -> None:
    """Answer with text and files for the member alone, at once or in place of the deferral."""
    files = [attachment.file() for attachment in attachments]
    if interaction.response.is_done():
        await interaction.edit_original_response(content=words, attachments=files)
    else:
        await interaction.response.send_message(words, files=files, ephemeral=True)


async def respond_with_view(interaction: AnyInteraction, words: str, view: discord.ui.View) -> None:
    """Answer with text and buttons for the member alone, at once or in place of the deferral."""
    if interaction.response.is_done():
        await interaction.edit_original_response(content=words, view=view)
    else:
        await interaction.response.send_message(words, view=view, ephemeral=True)


def custom_ids(message: discord.Message) -> set[str]:
    """Return the custom ids of the message's buttons; link buttons have none."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return {part.custom_id for row in rows for part in row.children if part.custom_id is not None}


async def _id_of_own(interaction: AnyInteraction, embed: discord.Embed, view: discord.ui.View) -> int | None:
    """Fetch the interaction's answer and return its id; None if it cannot be known whose it is.

    Raises:
        AnsweredElsewhereError: another copy of the bot has sent it.
    """
    try:
        original = await interaction.original_response()
    except API_ERRORS as error:
        if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
            raise
        log.info("The answer's id could not be fetched: %s", error, extra={"interaction": interaction.id})
        return None
    if original.flags.loading:
        await interaction.edit_original_response(embed=embed, view=view)
        return None  # another copy may be about to do the same
    shown = [(one.title, one.description) for one in original.embeds]
    if (embed.title, embed.description) not in shown or not _ids_of(view) <= custom_ids(original):
        raise AnsweredElsewhereError
    return original.id


def _ids_of(view: discord.ui.View) -> set[str]:
    """Return the custom ids of the view's buttons; link buttons have none."""
    ids = (getattr(item, "custom_id", None) for item in view.children)
    return {custom_id for custom_id in ids if custom_id is not None}
