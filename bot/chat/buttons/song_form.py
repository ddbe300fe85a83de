"""The form that changes a request: the buttons that open it, and its submission."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import discord

from bot.chat.buttons.song import ID
from bot.chat.forms.song_form import FORM, REOPEN, filled_in, kept_form, read_kept_form, song_form
from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import AnyInteraction, GuildInteraction, accept
from bot.chat.interactions.respond import BESIDE, respond_with_error
from bot.chat.messages.rendered import custom_ids
from bot.chat.status_response import respond_with_status
from bot.domain.errors import LinkKind
from bot.domain.song_form import FormUnavailableError, NoSongError, SongForm, SongSource
from bot.domain.songs import SongNotFoundError
from bot.domain.suno_links import find_link

OF_REQUEST = re.compile(r"[a-z]+:([0-9]{15,20})(?::.*)?")
"""Custom ids of the buttons of a request."""


class ChangeButton(SafeButton, template=f"change:{ID}"):
    """Button that opens the form with a request's options."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Open the form."""
        await open_form(interaction, SongSource(request_id=self.request_id))


class ReopenButton(SafeButton, template=f"{REOPEN}(?P<key>[a-z0-9-]{{1,80}})"):
    """Button that opens a refused form again, with what was typed; its message keeps that."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Open the form with what this message keeps."""
        await open_form(interaction, _source(self.match["key"]), read_kept_form(interaction.raw.message))


async def open_form(interaction: GuildInteraction, source: SongSource, form: SongForm | None = None) -> None:
    """Answer with the form about the source, filled in with `form`, and from the source what that lacks.

    Raises:
        FormUnavailableError: it could not be filled in time; a form has to be the first answer.
        RefusalError: the source is not available.
    """
    try:
        async with asyncio.timeout(interaction.timings.choices_s):
            draft = await interaction.services.requests.draft(source, interaction.viewer())
    except TimeoutError as error:
        raise FormUnavailableError from error
    filled = draft.form
    if form is not None:
        filled = replace(form, playlist=form.playlist or filled.playlist, model=form.model or filled.model)
    modal = song_form(source, draft, filled)
    modal.stop()  # so that discord.py doesn't keep it: `answer_song_form` answers it, also after a restart
    await interaction.raw.response.send_modal(modal)


async def open_form_for(interaction: GuildInteraction, message: discord.Message) -> None:
    """Answer with the form about the song or the link in a message.

    Raises:
        NoSongError: there is none.
        RefusalError: the song is not available.
    """
    await open_form(interaction, _source_in(message, interaction.raw))


async def answer_song_form(interaction: AnyInteraction) -> None:
    """Place the request of a submitted form; beside a refusal, keep what was typed.

    Other interactions are left alone.
    """
    data: Mapping[str, object] = interaction.data or {}
    custom_id = str(data.get("custom_id", ""))
    if interaction.type is not discord.InteractionType.modal_submit or not custom_id.startswith(FORM):
        return
    form, source = filled_in(data), SongSource.parse(custom_id.removeprefix(FORM))
    try:
        if source is None:  # a modified Discord client may send anything
            raise SongNotFoundError
        accepted = accept(interaction)
        placing = accepted.services.requests.place_form(source, form, accepted.request_context())
        await respond_with_status(accepted, placing)
    except Exception as error:  # noqa: BLE001 - an edge: each interaction gets its answer
        interaction.extras[BESIDE] = kept_form(source, form, error)
        await respond_with_error(interaction, error)


def _source(key: str) -> SongSource:
    """Return the source with this key.

    Raises:
        SongNotFoundError: no source has it; a modified Discord client may send anything.
    """
    source = SongSource.parse(key)
    if source is None:
        raise SongNotFoundError
    return source


def _source_in(message: discord.Message, interaction: AnyInteraction) -> SongSource:
    own = interaction.client.user
    if own is not None and message.author.id in {own.id, interaction.application_id}:
        found = [match for one in sorted(custom_ids(message)) if (match := OF_REQUEST.fullmatch(one))]
        if found:
            return SongSource(request_id=int(found[0][1]))
    texts = list(_texts(message))
    for kind in (LinkKind.PLAYLIST_LINK, LinkKind.SONG_LINK):
        for text in texts:
            link = find_link(text, kind)
            if link.kind is kind and link.id:
                is_playlist = kind is LinkKind.PLAYLIST_LINK
                return SongSource(playlist_id=link.id) if is_playlist else SongSource(clip_id=link.id)
    raise NoSongError


def _texts(message: discord.Message) -> Iterator[str]:
    """Yield the texts of a message, of its embeds, and of what it forwards."""
    forwarded = message.message_snapshots
    yield from (message.content, *(one.content for one in forwarded))
    for embed in [*message.embeds, *(embed for one in forwarded for embed in one.embeds)]:
        yield from (embed.url or "", embed.title or "", embed.description or "")
