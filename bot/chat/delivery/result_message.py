"""The result message: an embed for each clip, the files, and the song's buttons."""

from collections.abc import Iterable
from dataclasses import replace

import discord

from bot.chat.delivery.song_details import origin_text
from bot.chat.messages import colours
from bot.chat.messages.buttons import heart_buttons, song_buttons
from bot.chat.messages.rendered import Attachment, RenderedMessage
from bot.chat.text import labels
from bot.chat.text.formatting import (
    BUTTON_URL_LIMIT,
    EMBED_URL_LIMIT,
    TITLE_LIMIT,
    file_name,
    link,
    mention,
    minutes,
    plain,
    playlist_link,
    quote,
    quoted,
    song_page,
)
from bot.chat.text.songs import (
    CLIP_INCOMPLETE,
    EXPLICIT,
    LISTEN,
    NO_FILE,
    ONE_CLIP,
    READY,
    UNTITLED,
    file_missing,
)
from bot.domain.provider_tasks import Clip
from bot.services.cards import ClipCard, ResultCard
from bot.services.ports import Media, MessageForm

MAX_CLIPS = 10
"""Discord's limit of embeds, and of files, in one message."""
UPLOAD_LIMIT = 25 * 1024 * 1024 - 64 * 1024
"""Bytes of all files in one HTTP request, less a margin for the rest of the message."""
EMBEDS_LIMIT = 6000
"""Characters of all embeds together (reference, "Embed Limits")."""
TITLE_SHOWN = 80
"""Characters of a clip's title, about two lines on a computer."""
STYLE_LIMIT = 60
"""Characters of style tags: they share one line with the duration and the link."""
LINK_LIMIT = 1024
"""Characters of a clip's link; signed ones are long."""
WITHOUT_LINK = TITLE_SHOWN + STYLE_LIMIT + 60
"""Characters of an embed besides its link."""
LISTEN_ROWS = 2
"""Rows of five link buttons to clips; the row below has the song's own buttons."""


def result_message(
    card: ResultCard,
    files: tuple[Media | None, ...],
    *,
    in_server: bool = True,
    form: MessageForm = MessageForm.FULL,
) -> RenderedMessage:
    """Build the result of a request; `files` has one item per clip, or is empty if no files are wanted.

    In a direct message it has no other buttons: songs can be requested, loved and removed in servers only.
    """
    if form is not MessageForm.FULL:
        return _plainer(card, in_server=in_server, form=form)
    page = playlist_link(card.playlist_id, card.playlist_name)
    head = f"{mention(card.user_id)} your song from {page} is ready."
    return replace(_full(card, files, head, in_server=in_server), notifies=card.user_id)


def song_message(card: ResultCard, files: tuple[Media | None, ...]) -> RenderedMessage:
    """Build the message that shows an earlier song again; `files` as for `result_message`."""
    page = playlist_link(card.playlist_id, card.playlist_name)
    return _full(card, files, f"A song from {page}, requested by {mention(card.user_id)}.", in_server=True)


def _full(
    card: ResultCard, files: tuple[Media | None, ...], head: str, *, in_server: bool
) -> RenderedMessage:
    """Build a song with its files; `head` is the first line of its content."""
    clips = card.clips[:MAX_CLIPS]
    fitting = within_request(files[: len(clips)])
    named = zip(enumerate(clips, 1), fitting, strict=False)
    missing = [n for n, media in enumerate(fitting, 1) if media is None]
    return RenderedMessage(
        content=_content(card, head, missing=missing),
        embeds=[_embed(clip, number=n, card=card) for n, clip in enumerate(clips, 1)],
        view=_buttons(card, missing or (() if fitting else _numbers(card)), in_server=in_server),
        attachments=[_audio_file(clip.clip, media, n, len(clips)) for (n, clip), media in named if media],
    )


def _audio_file(clip: Clip, media: Media, number: int, count: int) -> Attachment:
    """Build the attachment of clip `number` of `count`, which screen readers read aloud."""
    title = plain(clip.title, limit=TITLE_LIMIT, otherwise=UNTITLED)
    which = f", clip {number} of {count}" if count > 1 else ""
    length = f", {minutes(clip.duration_s)}" if clip.duration_s else ""
    name = file_name(clip.title, number=number, extension=media.extension)
    return Attachment(name, media.data, f"Audio: {title}{which}{length}")


def _plainer(card: ResultCard, *, in_server: bool, form: MessageForm) -> RenderedMessage:
    """Build the result without embeds, files and titles, and in the barest form without links too."""
    pages = [f"<{page}>" for one in card.clips[:MAX_CLIPS] if (page := song_page(one.clip.id))]
    lines = [f"{mention(card.user_id)} {READY}", *(pages if form is MessageForm.LINKS else ())]
    lines.append(f"-# Discord blocked the rest of this message. {song_number(card)} shows all of it.")
    linked = _numbers(card) if form is MessageForm.LINKS else ()
    view = _buttons(card, linked, in_server=in_server)
    return RenderedMessage(content="\n".join(lines), view=view, notifies=card.user_id)


def song_number(card: ResultCard) -> str:
    """Return the command that shows the song again; in a message, it also identifies the request."""
    return f"`/songs show song:{card.request_id}`"


def showcase_message(card: ResultCard) -> RenderedMessage:
    """Build the message beside a song in the showcase: the forwarded result has no buttons."""
    view = _buttons(card, (), in_server=True)
    return RenderedMessage(content=f"-# A song of {mention(card.user_id)}", view=view)


def within_request(files: tuple[Media | None, ...]) -> tuple[Media | None, ...]:
    """Replace by None each file that exceeds `UPLOAD_LIMIT` together with those before it."""
    left = UPLOAD_LIMIT
    fitting: list[Media | None] = []
    for media in files:
        fits = media is not None and 0 < len(media.data) <= left
        left -= len(media.data) if media and fits else 0
        fitting.append(media if fits else None)
    return tuple(fitting)


def _numbers(card: ResultCard) -> range:
    return range(1, len(card.clips[:MAX_CLIPS]) + 1)


def _content(card: ResultCard, head: str, *, missing: list[int]) -> str:
    lines = [head, quote(card.prompt_quote)]
    if card.origin is not None:
        lines.append(f"-# Like {origin_text(card.origin)}")
    if card.partial:
        lines.append(ONE_CLIP if len(card.clips) == 1 else CLIP_INCOMPLETE)
    if len(missing) == len(_numbers(card)):
        lines.append(f"-# {NO_FILE}")
    elif missing:
        which = ", ".join(str(number) for number in missing)
        lines.append(f"-# {file_missing(which)}")
    return "\n".join(filter(None, lines))


def _embed(clip_card: ClipCard, *, number: int, card: ResultCard) -> discord.Embed:
    clip, count = clip_card.clip, len(card.clips[:MAX_CLIPS])
    which = f"{number} · " if count > 1 else ""
    embed = discord.Embed(
        title=which + quoted(clip.title, limit=TITLE_SHOWN, otherwise=UNTITLED),
        url=song_page(clip.id),
        description=_facts(clip_card, link_limit=min(LINK_LIMIT, EMBEDS_LIMIT // count - WITHOUT_LINK)),
        colour=colours.PARTIAL if card.partial else colours.READY,
    )
    if cover := link(clip_card.cover_url, limit=EMBED_URL_LIMIT):
        embed.set_thumbnail(url=cover)
    return embed


def _facts(clip_card: ClipCard, *, link_limit: int) -> str:
    """Return the line below a clip's title: duration, style and link."""
    clip = clip_card.clip
    url = link(clip_card.listen_url, limit=link_limit) or song_page(clip.id)
    facts = [
        minutes(clip.duration_s),
        EXPLICIT if clip.explicit else "",
        quoted(", ".join(clip.tags), limit=STYLE_LIMIT),
        f"[{LISTEN}](<{url}>)" if url else "",
    ]
    return " · ".join(filter(None, facts))


def _buttons(card: ResultCard, linked: Iterable[int], *, in_server: bool) -> discord.ui.View:
    """Build links to the clips with these numbers, and the song's own buttons below."""
    view = discord.ui.View(timeout=None)
    for number in linked:
        _add_link(view, card, number)
    if not in_server:
        return view
    hearts = heart_buttons(card.request_id, len(card.clips), card.loves)
    for button in (*hearts, *song_buttons(card.request_id, card.cost)):
        button.row = LISTEN_ROWS
        view.add_item(button)
    return view


def _add_link(view: discord.ui.View, card: ResultCard, number: int) -> None:
    clip_card = card.clips[number - 1]
    clip = clip_card.clip
    url = link(clip_card.listen_url, limit=BUTTON_URL_LIMIT) or song_page(clip.id)
    if url:
        label = labels.listen_to(number) if len(card.clips) > 1 else labels.LISTEN
        view.add_item(discord.ui.Button(label=label, url=url))
