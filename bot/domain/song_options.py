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


@dataclass(frozen=True, slots=True, kw_only=True)
class SongOptions:
    """The options as the member typed them in Discord."""

    playlist: str
    prompt: str | None = None
    model: str | None = None
    style_weight: float | None = None
    audio_weight: float | None = None
    weirdness: float | None = None
    persona: str | None = None
    artist_clip: str | None = None


def parse_options(options: SongOptions, *, models: Collection[str], default_model: str) -> SongSpec:
    """Validate the options and return them as the provider takes them.

    Raises:
        RefusalError: the first invalid option.
    """
    model = options.model or default_model
    if model not in models:
        raise ModelError(model, tuple(models))
    return SongSpec(
        playlist_id=parse_playlist(options.playlist),
        model=model,
        prompt=_prompt(options.prompt, model),
        style_weight=_weight("style_weight", options.style_weight),
        audio_weight=_weight("audio_weight", options.audio_weight),
        weirdness=_weight("weirdness", options.weirdness),
        persona_id=parse_persona(options.persona) if options.persona else None,
        artist_clip_id=parse_clip(options.artist_clip) if options.artist_clip else None,
    )


def parse_playlist(text: str) -> str:
    """Return the playlist's id, in lower case, from a UUID or a playlist link, ignoring text around it.

    Raises:
        PlaylistError: with the kind of text that it is instead.
    """
    return _parse_id(text, LinkKind.PLAYLIST_LINK, PlaylistError)


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


def _weight(option: str, value: float | None) -> float | None:
    """Return the weight rounded to the two decimals that the provider documents."""
    if value is None:
        return None
    if isinstance(value, bool) or not math.isfinite(value) or not 0 <= value <= 1:
        raise WeightError(option, value)
    return round(float(value), 2) + 0.0


def _prompt(prompt: str | None, model: str) -> str | None:
    text = clean_text(prompt or "")
    limit = PROMPT_LIMITS.get(model, PROMPT_LIMIT)
    if len(text) > limit:
        raise PromptError(len(text), limit, model)
    return text or None
