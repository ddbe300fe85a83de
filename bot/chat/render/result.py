"""The result message: an embed and a button for each clip, and the files that may go with them."""

from dataclasses import dataclass, field

import discord

from bot.chat.render import colours
from bot.chat.texts import (
    BUTTON_URL_LIMIT,
    EMBED_URL_LIMIT,
    LABEL_LIMIT,
    TITLE_LIMIT,
    file_name,
    link,
    mention,
    minutes,
    plain,
    playlist_page,
    shown,
    song_page,
)
from bot.services.cards import ClipCard, ResultCard
from bot.services.ports import Media

MOST_CLIPS = 10
"""Embeds, and files, that one message may have."""
UPLOAD_LIMIT = 25 * 1024 * 1024 - 64 * 1024
"""Bytes of all files of one request, less what the rest of the message takes."""
STYLE_LIMIT = 180
"""Characters of style tags; ten embeds together may have 6,000, of which titles may take 2,560."""
MODEL_LIMIT = 40
UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultMessage:
    """All of a result message but its files, which have to be built anew for each attempt."""

    content: str
    embeds: list[discord.Embed]
    view: discord.ui.View
    attachments: tuple[tuple[str, Media], ...] = field(repr=False)
    """The files that go with it, each with its name."""


def result_message(card: ResultCard, files: tuple[Media | None, ...]) -> ResultMessage:
    """The result of a request; `files` go by the clips' order, and are empty where none were asked for."""
    clips = card.clips[:MOST_CLIPS]
    fitting = within_request(files[: len(clips)])
    embeds = [_embed(clip, number=n, card=card) for n, clip in enumerate(clips, 1)]
    named = zip(enumerate(clips, 1), fitting, strict=False)
    return ResultMessage(
        content=_content(card, missing=[n for n, media in enumerate(fitting, 1) if media is None]),
        embeds=embeds,
        view=_buttons(clips),
        attachments=tuple(
            (file_name(clip.clip.title, number=n, extension=media.extension), media)
            for (n, clip), media in named
            if media
        ),
    )


def within_request(files: tuple[Media | None, ...]) -> tuple[Media | None, ...]:
    """The files in their order as long as one request takes them all; None for each that is left out."""
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
        lines.append(
            "Only one of the two clips came out." if len(card.clips) == 1 else "One clip may be incomplete."
        )
    if len(missing) == len(card.clips):
        lines.append("-# No file is attached: press **Listen** to hear it.")
    elif missing:
        which = ", ".join(str(number) for number in missing)
        lines.append(f"-# The file of clip {which} couldn't be attached: press **Listen** to hear it.")
    return "\n".join(lines)


def _embed(clip_card: ClipCard, *, number: int, card: ResultCard) -> discord.Embed:
    clip = clip_card.clip
    embed = discord.Embed(
        title=shown(clip.title, limit=TITLE_LIMIT, otherwise=UNTITLED),
        url=song_page(clip.id),
        colour=colours.PARTIAL if card.partial else colours.READY,
    )
    embed.add_field(name="Duration", value=minutes(clip.duration_s))
    embed.add_field(
        name="Model", value=shown(clip.model or card.model, limit=MODEL_LIMIT, otherwise="unknown")
    )
    if style := shown(", ".join(clip.tags), limit=STYLE_LIMIT):
        embed.add_field(name="Style", value=style, inline=False)
    if cover := link(clip_card.cover_url, limit=EMBED_URL_LIMIT):
        embed.set_image(url=cover)
    if len(card.clips) > 1:
        embed.set_footer(text=f"Clip {number} of {len(card.clips)}")
    return embed


def _buttons(clips: tuple[ClipCard, ...]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for number, clip_card in enumerate(clips, 1):
        clip = clip_card.clip
        url = link(clip_card.listen_url, limit=BUTTON_URL_LIMIT) or song_page(clip.id)
        if url:
            which = f"Listen to {number}: {clip.title or UNTITLED}" if len(clips) > 1 else "Listen"
            view.add_item(discord.ui.Button(label=plain(which, limit=LABEL_LIMIT), url=url))
    return view
