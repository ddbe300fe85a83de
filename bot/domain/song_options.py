"""The options of a song request, and their validation."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.domain.errors import (
    ClipError,
    LinkKind,
    ModelError,
    PersonaError,
    PlaylistError,
    PromptError,
    RefusalError,
    WeightError,
)
from bot.domain.models import find_model
from bot.domain.suno_links import find_link
from bot.domain.text import clean_text

PROMPT_LIMIT = 5000
"""Characters; the limit of the provider's similar task, since this one documents none."""
PROMPT_LIMITS = {"v40": 3000}
"""Characters, for the models that accept fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SongSpec:
    """Validated options: exactly what is sent to the provider."""

    playlist_id: str
    model: str
    prompt: str | None = None
    style_weight: float | None = None
    audio_weight: float | None = None
    weirdness: float | None = None
    persona_id: str | None = None
    artist_clip_id: str | None = None

    @property
    def lacks_partner(self) -> bool:
        """Return True if a persona comes without a clip or a clip without a persona."""
        return (self.persona_id is None) != (self.artist_clip_id is None)


@dataclass(frozen=True, slots=True)
class PlaylistName:
    """Text that is neither the link nor the id of a playlist, but perhaps the name of a saved one."""

    text: str
    kind: LinkKind
    """What the text is if no playlist has this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SongOptions:
    """The options of a request, each parsed; the server's settings complete and check them."""

    playlist: str | PlaylistName | None = None
    """The playlist's id, or the name under which it may be saved; None: the server's default one."""
    prompt: str | None = None
    model: str | None = None
    style_weight: float | None = None
    audio_weight: float | None = None
    weirdness: float | None = None
    persona_id: str | None = None
    artist_clip_id: str | None = None


def song_spec(
    options: SongOptions, playlist_id: str, *, models: Collection[str], default_model: str
) -> SongSpec:
    """Return the options as the provider takes them, with the id of their playlist.

    Raises:
        ModelError, PromptError: the model is not offered, or the prompt is too long for it.
    """
    model = find_model(options.model or default_model, models)
    if model is None:
        raise ModelError(options.model or default_model, tuple(models))
    return SongSpec(
        playlist_id=playlist_id,
        model=model,
        prompt=_prompt(options.prompt, model),
        style_weight=options.style_weight,
        audio_weight=options.audio_weight,
        weirdness=options.weirdness,
        persona_id=options.persona_id,
        artist_clip_id=options.artist_clip_id,
    )


def parse_playlist(text: str) -> str:
    """Return the playlist's id, in lower case, from a UUID or a playlist link, ignoring text around it.

    Raises:
        PlaylistError: with the kind of text that it is instead.
    """
    return _parse_id(text, LinkKind.PLAYLIST_LINK, PlaylistError)


def parse_playlist_or_name(text: str) -> str | PlaylistName:
    """Return the playlist's id, or the text as a name if it is not the link or id of one playlist."""
    kind, found = find_link(text, LinkKind.PLAYLIST_LINK)
    return found if kind is LinkKind.PLAYLIST_LINK and found else PlaylistName(text, kind)


def parse_clip(text: str) -> str:
    """Return the clip's id, in lower case, from a UUID or a song link, ignoring text around it.

    Raises:
        ClipError: with the kind of text that it is instead.
    """
    return _parse_id(text, LinkKind.SONG_LINK, ClipError)


def parse_persona(text: str) -> str:
    """Return the persona's id, in lower case, from a UUID or a persona link, ignoring text around it.

    Raises:
        PersonaError: with the kind of text that it is instead.
    """
    return _parse_id(text, LinkKind.PERSONA_LINK, PersonaError)


def _parse_id(text: str, wanted: LinkKind, error: Callable[[LinkKind], RefusalError]) -> str:
    """Return the id of the wanted kind of link, in lower case, or raise the error for what it is instead."""
    kind, found = find_link(text, wanted)
    if kind is wanted and found:
        return found
    raise error(kind)


def parse_weight(option: str, value: float) -> float:
    """Return the option's weight, rounded to the two decimals that the provider documents.

    Raises:
        WeightError: it is not between 0 and 1.
    """
    if isinstance(value, bool) or not math.isfinite(value) or not 0 <= value <= 1:
        raise WeightError(option, value)
    return round(float(value), 2) + 0.0


def _prompt(prompt: str | None, model: str) -> str | None:
    text = clean_text(prompt or "")
    limit = PROMPT_LIMITS.get(model, PROMPT_LIMIT)
    if len(text) > limit:
        raise PromptError(len(text), limit, model)
    return text or None
