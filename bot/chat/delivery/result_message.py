"""The result message: an embed and a link button for each clip, the song's buttons, and the files."""

import discord

from bot.chat.messages import colours
from bot.chat.messages.buttons import heart_buttons, song_buttons
from bot.chat.messages.rendered import Attachment, RenderedMessage
from bot.chat.text import labels
from bot.chat.text.formatting import (
    BUTTON_URL_LIMIT,
    EMBED_URL_LIMIT,
    FIELD_LIMIT,
    LABEL_LIMIT,
    TITLE_LIMIT,
    file_name,
    link,
    mention,
    minutes,
    plain,
    playlist_page,
    quoted,
    song_page,
)
from bot.chat.text.songs import CLIP_INCOMPLETE, NO_FILE, ONE_CLIP, READY, UNTITLED, file_missing
from bot.domain.models import model_name
from bot.domain.suno_links import UUID
from bot.services.cards import ClipCard, ResultCard
from bot.services.ports import Media, MessageForm

MAX_CLIPS = 10
"""Discord's limit of embeds, and of files, in one message."""
UPLOAD_LIMIT = 25 * 1024 * 1024 - 64 * 1024
"""Bytes of all files in one HTTP request, less a margin for the rest of the message."""
STYLE_LIMIT = 180
"""Characters of style tags; ten embeds together may have 6,000, of which titles may take 2,560."""
MODEL_LIMIT = 40
LONG_LINKS = 3
"""How many clips can have long links within the 6,000 characters of all embeds together."""
LISTEN_ROWS = 2
"""Rows of five link buttons to the clips; the two rows below have the song's own buttons."""


def result_message(
    card: ResultCard,
    files: tuple[Media | None, ...],
    *,
    in_server: bool = True,
    form: MessageForm = MessageForm.FULL,
) -> RenderedMessage:
    """Build the result of a request; `files` has one item per clip, or is empty if no files are wanted.

    In a direct message there are only links: songs can be requested, loved and removed in servers only.
    """
    if form is not MessageForm.FULL:
        return _plainer(card, in_server=in_server, form=form)
    clips = card.clips[:MAX_CLIPS]
    fitting = within_request(files[: len(clips)])
    embeds = [_embed(clip, number=n, card=card) for n, clip in enumerate(clips, 1)]
    named = zip(enumerate(clips, 1), fitting, strict=False)
    return RenderedMessage(
        content=_content(card, missing=[n for n, media in enumerate(fitting, 1) if media is None]),
        embeds=embeds,
        view=_buttons(card, in_server=in_server),
        attachments=[
            Attachment(file_name(clip.clip.title, number=n, extension=media.extension), media.data)
            for (n, clip), media in named
            if media
        ],
        notifies=card.user_id,
    )


def _plainer(card: ResultCard, *, in_server: bool, form: MessageForm) -> RenderedMessage:
    """Build the result without embeds, files and titles, and in the barest form without links too."""
    pages = [f"<{page}>" for one in card.clips[:MAX_CLIPS] if (page := song_page(one.clip.id))]
    lines = [f"{mention(card.user_id)} {READY}", *(pages if form is MessageForm.LINKS else ())]
    lines.append(f"-# Discord blocked the rest of this message. {song_number(card)} shows all of it.")
    view = _buttons(card, in_server=in_server, form=form)
    return RenderedMessage(content="\n".join(lines), view=view, notifies=card.user_id)


def song_number(card: ResultCard) -> str:
    """Return the command that shows the song again; in a message, it also identifies the request."""
    return f"`/songs show song:{card.request_id}`"


def song_message(card: ResultCard) -> RenderedMessage:
    """Build the message that shows an earlier song again, without files."""
    clips = card.clips[:MAX_CLIPS]
    page = playlist_page(card.playlist_id)
    content = f"A song from [this playlist](<{page}>), requested by {mention(card.user_id)}."
    return RenderedMessage(
        content=content,
        embeds=[_embed(clip, number=n, card=card) for n, clip in enumerate(clips, 1)],
        view=_buttons(card, in_server=True),
    )


def within_request(files: tuple[Media | None, ...]) -> tuple[Media | None, ...]:
    """Replace by None each file that exceeds `UPLOAD_LIMIT` together with those before it."""
    left = UPLOAD_LIMIT
    fitting: list[Media | None] = []
    for media in files:
        fits = media is not None and 0 < len(media.data) <= left
        left -= len(media.data) if media and fits else 0
        fitting.append(media if fits else None)
    return tuple(fitting)


def _content(card: ResultCard, *, missing: list[int]) -> str:
    page = playlist_page(card.playlist_id)
    lines = [f"{mention(card.user_id)} your song from [this playlist](<{page}>) is ready."]
    if card.partial:
        lines.append(ONE_CLIP if len(card.clips) == 1 else CLIP_INCOMPLETE)
    if len(missing) == len(card.clips):
        lines.append(f"-# {NO_FILE}")
    elif missing:
        which = ", ".join(str(number) for number in missing)
        lines.append(f"-# {file_missing(which)}")
    return "\n".join(lines)


def _embed(clip_card: ClipCard, *, number: int, card: ResultCard) -> discord.Embed:
    clip = clip_card.clip
    embed = discord.Embed(
        title=quoted(clip.title, limit=TITLE_LIMIT, otherwise=UNTITLED),
        url=song_page(clip.id),
        colour=colours.PARTIAL if card.partial else colours.READY,
    )
    embed.add_field(name="Duration", value=minutes(clip.duration_s))
    embed.add_field(
        name="Model", value=quoted(model_name(card.model), limit=MODEL_LIMIT, otherwise="unknown")
    )
    if style := quoted(", ".join(clip.tags), limit=STYLE_LIMIT):
        embed.add_field(name="Style", value=style, inline=False)
    if long := _long_link(clip_card, count=len(card.clips)):
        embed.add_field(name="Audio", value=long, inline=False)
    if cover := link(clip_card.cover_url, limit=EMBED_URL_LIMIT):
        embed.set_image(url=cover)
    if len(card.clips) > 1:
        embed.set_footer(text=f"Clip {number} of {len(card.clips)}")
    return embed


def _long_link(clip_card: ClipCard, *, count: int) -> str | None:
    """Return the audio link as text if it is too long for a button, as signed links are."""
    around = f"[{labels.LISTEN}](<>)"
    url = link(clip_card.listen_url, limit=FIELD_LIMIT - len(around))
    if url is None or len(url) <= BUTTON_URL_LIMIT or count > LONG_LINKS:
        return None
    return f"[{labels.LISTEN}](<{url}>)"


def _buttons(card: ResultCard, *, in_server: bool, form: MessageForm = MessageForm.FULL) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    if form is not MessageForm.BARE:
        _add_links(view, card.clips[:MAX_CLIPS], titled=form is MessageForm.FULL)
    if not in_server:
        return view
    clips = [number for number, one in enumerate(card.clips[:2], 1) if UUID.fullmatch(one.clip.id)]
    hearts = heart_buttons(card.request_id, len(card.clips), card.loves)
    rows = (song_buttons(card.request_id, clips), hearts)
    for row, buttons in enumerate(rows, LISTEN_ROWS):
        for button in buttons:
            button.row = row
            view.add_item(button)
    return view


def _add_links(view: discord.ui.View, clips: tuple[ClipCard, ...], *, titled: bool) -> None:
    for number, clip_card in enumerate(clips, 1):
        clip = clip_card.clip
        url = link(clip_card.listen_url, limit=BUTTON_URL_LIMIT) or song_page(clip.id)
        if url:
            title = clip.title or UNTITLED if titled else ""
            which = labels.listen_to(number, title) if len(clips) > 1 else labels.LISTEN
            view.add_item(discord.ui.Button(label=plain(which, limit=LABEL_LIMIT), url=url))
