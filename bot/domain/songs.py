"""What a member asks for, and how the words that name it are read."""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.domain.errors import (
    ClipError,
    LinkKind,
    ModelError,
    PersonaError,
    PlaylistError,
    PromptError,
    WeightError,
)

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
PARTIAL_UUID = re.compile(r"[0-9a-f]{4,8}(-[0-9a-f]{0,12}){0,4}-?(\.{2,}|…)?", re.IGNORECASE)
PERSONA = re.compile(r"[A-Za-z0-9_-]{1,100}")
SUNO_HOSTS = frozenset({"suno.com", "www.suno.com"})
PROMPT_LIMIT = 5000
"""Characters; the limit of the provider's sibling task, since this one documents none."""
PROMPT_LIMITS = {"v40": 3000}
"""Characters, for the models that take fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SongSpec:
    """A checked order: what is sent to the provider, and nothing else."""

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
        """True when a persona comes without a clip or a clip without a persona."""
        return (self.persona_id is None) != (self.artist_clip_id is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a member typed, as it came from Discord."""

    playlist: str
    prompt: str | None = None
    model: str | None = None
    style_weight: float | None = None
    audio_weight: float | None = None
    weirdness: float | None = None
    persona: str | None = None
    artist_clip: str | None = None


def check(order: Order, *, models: Collection[str], default_model: str) -> SongSpec:
    """The order as the provider takes it.

    Raises:
        RefusalError: the first thing that is wrong with it.
    """
    model = order.model or default_model
    if model not in models:
        raise ModelError(model, tuple(models))
    return SongSpec(
        playlist_id=read_playlist(order.playlist),
        model=model,
        prompt=_prompt(order.prompt, model),
        style_weight=_weight("style_weight", order.style_weight),
        audio_weight=_weight("audio_weight", order.audio_weight),
        weirdness=_weight("weirdness", order.weirdness),
        persona_id=read_persona(order.persona) if order.persona else None,
        artist_clip_id=read_clip(order.artist_clip) if order.artist_clip else None,
    )


def read_playlist(text: str) -> str:
    """The playlist's id, in lower case, from a UUID or a playlist link.

    Raises:
        PlaylistError: with what the text looks like instead.
    """
    kind, found = _recognise(text)
    if kind is LinkKind.PLAYLIST_LINK and found:
        return found
    raise PlaylistError(kind)


def read_clip(text: str) -> str:
    """The clip's id, in lower case, from a UUID or a song link.

    Raises:
        ClipError: with what the text looks like instead.
    """
    kind, found = _recognise(text, bare=LinkKind.SONG_LINK)
    if kind is LinkKind.SONG_LINK and found:
        return found
    raise ClipError(kind)


def read_persona(text: str) -> str:
    """The persona's id, from itself or from a persona link.

    Raises:
        PersonaError: it cannot be an id.
    """
    text = text.strip().strip("<>")
    if "/" in text:
        _, found = _page(text)
        text = found or text
    if not PERSONA.fullmatch(text):
        raise PersonaError
    return text


def _recognise(text: str, *, bare: LinkKind = LinkKind.PLAYLIST_LINK) -> tuple[LinkKind, str | None]:
    """What the text is, and the id in it; a UUID by itself counts as `bare`."""
    text = text.strip().strip("<>").strip()
    if not text:
        return LinkKind.EMPTY, None
    if UUID.fullmatch(text):
        return bare, text.lower()
    if PARTIAL_UUID.fullmatch(text):
        return LinkKind.CUT_OFF, None
    if " " not in text and ("://" in text or re.match(r"[\w-]+(\.[\w-]+)+(:\d+)?(/|$)", text)):
        return _page(text)
    return LinkKind.FREE_TEXT, None


def _page(link: str) -> tuple[LinkKind, str | None]:
    """Which page a link leads to, and the UUID in it."""
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
        host = parts.hostname
    except ValueError:
        return LinkKind.OTHER_SITE, None
    if host not in SUNO_HOSTS or parts.scheme not in {"http", "https"}:
        return LinkKind.OTHER_SITE, None
    section, _, name = parts.path.strip("/").partition("/")
    found = name.lower() if UUID.fullmatch(name) else None
    kinds = {"playlist": LinkKind.PLAYLIST_LINK, "song": LinkKind.SONG_LINK, "s": LinkKind.SHORT_LINK}
    kind = kinds.get(section, LinkKind.OTHER_PAGE)
    if found is None and kind in {LinkKind.PLAYLIST_LINK, LinkKind.SONG_LINK}:
        return LinkKind.CUT_OFF, None
    return kind, found


def _weight(option: str, value: float | None) -> float | None:
    """The weight with the two decimals that the provider documents."""
    if value is None:
        return None
    if isinstance(value, bool) or not math.isfinite(value) or not 0 <= value <= 1:
        raise WeightError(option, value)
    return round(float(value), 2) + 0.0


def _prompt(prompt: str | None, model: str) -> str | None:
    text = (prompt or "").strip()
    limit = PROMPT_LIMITS.get(model, PROMPT_LIMIT)
    if len(text) > limit:
        raise PromptError(len(text), limit, model)
    return text or None
