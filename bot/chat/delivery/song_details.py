"""What members read who ask for more about a song: its lyrics, and how it was made."""

from collections.abc import Iterator, Sequence

import discord

from bot.chat.messages import colours
from bot.chat.messages.rendered import Attachment, RenderedMessage
from bot.chat.text.formatting import (
    CONTENT_LIMIT,
    DESCRIPTION_LIMIT,
    TITLE_LIMIT,
    in_credits,
    mention,
    minutes,
    playlist_page,
    quoted,
    song_page,
)
from bot.chat.text.songs import EARLIER_SONG, INSTRUMENTAL, LYRICS_MISSING, PROMPT_ERASED, UNTITLED
from bot.domain.models import model_name
from bot.domain.playlists import NAME_LIMIT
from bot.domain.provider_tasks import Clip
from bot.domain.requests import Request
from bot.domain.song_options import SongSpec
from bot.services.cards import OriginCard
from bot.services.library.songs import SongDetails

ORIGIN_LIMIT = 200
"""Characters of the title of the song that another is like, escapes included."""
UNCUT = 100_000
"""Characters of a line: more than any lyrics or prompt have, so that no line is cut short."""


def lyrics_message(clips: Sequence[Clip]) -> RenderedMessage:
    """Build the lyrics of a song's clips, once if they are the same, and as a file if they are long."""
    texts = [clip.lyrics for clip in clips]
    if not any(texts):
        return RenderedMessage(content=LYRICS_MISSING if None in texts else INSTRUMENTAL)
    titles = [clip.title or UNTITLED for clip in clips]
    if len(set(texts)) == 1:
        parts = [(titles[0], texts[0])]
    else:
        parts = [
            (f"{title}, clip {n}", text) for n, (title, text) in enumerate(zip(titles, texts, strict=True), 1)
        ]
    content = "\n\n".join(f"**{quoted(head, limit=TITLE_LIMIT)}**\n{_verses(text)}" for head, text in parts)
    if len(content) <= CONTENT_LIMIT:
        return RenderedMessage(content=content)
    whole = "\n\n\n".join(f"{head}\n\n{_words(text)}" for head, text in parts)
    head = f"**{quoted(titles[0], limit=TITLE_LIMIT)}**"
    return RenderedMessage(content=head, attachments=[_text_file("lyrics.txt", whole, "The song's lyrics")])


def recipe_message(details: SongDetails) -> RenderedMessage:
    """Build how a song was made: all its options, the time it took and its cost."""
    request = details.request
    title = next((clip.title for clip in request.clips if clip.title), None)
    embed = discord.Embed(title=quoted(title, limit=TITLE_LIMIT, otherwise=UNTITLED), colour=colours.LIST)
    prompt = _verses(request.spec.prompt) if request.spec.prompt else None
    if request.prompt_erased_at is not None:
        embed.description = PROMPT_ERASED
    elif prompt is not None and len(prompt) <= DESCRIPTION_LIMIT:
        embed.description = prompt
    for name, value in _facts(details):
        embed.add_field(name=name, value=value)
    files = []
    if prompt is not None and len(prompt) > DESCRIPTION_LIMIT:
        files.append(_text_file("prompt.txt", request.spec.prompt or "", "The prompt"))
    return RenderedMessage(embeds=[embed], attachments=files)


def _facts(details: SongDetails) -> Iterator[tuple[str, str]]:
    request, spec = details.request, details.request.spec
    name = quoted(details.playlist_name, limit=2 * NAME_LIMIT, otherwise="this playlist")
    yield "Playlist", f"[{name}]({playlist_page(spec.playlist_id)})"
    yield "Model", quoted(model_name(spec.model), limit=50)
    if weights := _weights(spec):
        yield "Weights", "\n".join(weights)
    if spec.persona_id is not None:
        yield "Persona", f"[this persona](https://suno.com/persona/{spec.persona_id})"
    if details.origin is not None:
        yield "Like", origin_text(details.origin)
    elif spec.artist_clip_id is not None:
        yield "Like", f"[this song]({song_page(spec.artist_clip_id)})"
    if took := _took(request):
        yield "Time", took
    yield "Cost", f"{in_credits(request.cost)}, {mention(request.user_id)}"


def _weights(spec: SongSpec) -> list[str]:
    """Format the weights that were set, in percent and as the options take them."""
    named = {"Style": spec.style_weight, "Audio": spec.audio_weight, "Weirdness": spec.weirdness}
    return [f"{name} {value:.0%} (`{value:g}`)" for name, value in named.items() if value is not None]


def origin_text(origin: OriginCard) -> str:
    """Name the clip of an earlier song that another song is like."""
    title = quoted(origin.title, limit=ORIGIN_LIMIT)
    return f"*{title}*, clip {origin.clip}" if title else f"{EARLIER_SONG}, clip {origin.clip}"


def _took(request: Request) -> str | None:
    if request.accepted_at is None or request.ended_at is None:
        return None
    made = minutes((request.ended_at - request.accepted_at).total_seconds())
    whole = minutes((request.ended_at - request.placed_at).total_seconds())
    return made if made == whole else f"{made}, with the queue {whole}"


def _verses(text: str | None) -> str:
    """Escape text line by line, so that Discord renders no markdown, links and mentions in it."""
    return "\n".join(quoted(line, limit=UNCUT) for line in _words(text).splitlines())


def _words(text: str | None) -> str:
    if text is None:
        return LYRICS_MISSING
    return text or INSTRUMENTAL


def _text_file(name: str, text: str, description: str) -> Attachment:
    return Attachment(name, text.encode(), description)
