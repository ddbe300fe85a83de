"""The form that changes a request: what it is about, and what is filled in."""

import re
from dataclasses import dataclass

from bot.domain.errors import RefusalError
from bot.domain.song_options import SongOptions, parse_playlist_or_name, parse_weight

PROMPT_LIMIT = 4000
"""Characters of a form's text field; Discord's limit."""
WEIGHTS_LIMIT = 100
"""Characters of the three weights."""
WEIGHTS = {"style": "style_weight", "audio": "audio_weight", "weirdness": "weirdness"}
"""The words for the weights in a form, and their options."""

_WEIGHT = re.compile(r"([a-z]+)[a-z_ ]*?\s*[:=]?\s*(-?[0-9]*[.,]?[0-9]+)\s*(%?)")
_BETWEEN = re.compile(r"[\s,;·/|]*")
_SOURCE = re.compile(
    r"(?P<request>[0-9]{1,20})|playlist-(?P<playlist>[0-9a-f-]{36})|"
    r"clip-(?P<clip>[0-9a-f-]{36})(-(?P<singer>[0-9a-f-]{36}))?|persona-(?P<persona>[0-9a-f-]{36})|new"
)


@dataclass(eq=False)
class WeightsError(RefusalError):
    """A text in which the three weights cannot be read."""

    text: str


@dataclass(eq=False)
class NoSongError(RefusalError):
    """A message with neither a song of the bot's nor a link of Suno."""


@dataclass(eq=False)
class FormUnavailableError(RefusalError):
    """A form that could not be filled in time; Discord takes no form later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SongSource:
    """What a form is about: a request, a playlist, or a new song, perhaps with a clip and a persona."""

    request_id: int | None = None
    clip_id: str | None = None
    playlist_id: str | None = None
    persona_id: str | None = None

    @property
    def key(self) -> str:
        """Return the source as part of a custom id; `parse` reads it."""
        if self.request_id is not None:
            return str(self.request_id)
        if self.playlist_id is not None:
            return f"playlist-{self.playlist_id}"
        if self.clip_id is not None:
            return f"clip-{self.clip_id}-{self.persona_id}" if self.persona_id else f"clip-{self.clip_id}"
        return f"persona-{self.persona_id}" if self.persona_id else "new"

    @classmethod
    def parse(cls, key: str) -> "SongSource | None":
        """Return the source with this key; None if no source has it."""
        found = _SOURCE.fullmatch(key)
        if found is None:
            return None
        request_id = int(found["request"]) if found["request"] else None
        return cls(
            request_id=request_id,
            clip_id=found["clip"],
            playlist_id=found["playlist"],
            persona_id=found["singer"] or found["persona"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SongForm:
    """What a form has in its fields, as text."""

    playlist: str = ""
    prompt: str = ""
    model: str = ""
    weights: str = ""

    def options(self) -> SongOptions:
        """Return the options that were filled in; an empty field is left out.

        Raises:
            WeightsError, WeightError: the weights cannot be read, or one is not between 0 and 1.
        """
        weights = parse_weights(self.weights)
        return SongOptions(
            playlist=parse_playlist_or_name(self.playlist) if self.playlist.strip() else None,
            prompt=self.prompt or None,
            model=self.model or None,
            style_weight=weights.get("style_weight"),
            audio_weight=weights.get("audio_weight"),
            weirdness=weights.get("weirdness"),
        )


def form_of(options: SongOptions) -> SongForm:
    """Return the form with these options, whose playlist is given by its id or left out."""
    return SongForm(
        playlist=options.playlist if isinstance(options.playlist, str) else "",
        prompt=(options.prompt or "")[:PROMPT_LIMIT],
        model=options.model or "",
        weights=weights_text(options),
    )


def weights_text(options: SongOptions) -> str:
    """Return the weights that are set as text, for example "style 0.5 · weirdness 0.2"."""
    values = {"style": options.style_weight, "audio": options.audio_weight, "weirdness": options.weirdness}
    return " · ".join(f"{word} {value:g}" for word, value in values.items() if value is not None)


def parse_weights(text: str) -> dict[str, float]:
    """Return the weights in the text by their options: a word and a number each, in any order.

    A beginning of a word is enough; numbers can have a comma, or be percentages.

    Raises:
        WeightsError: the text has anything else in it, or a weight twice.
        WeightError: a weight is not between 0 and 1.
    """
    left, found = text.casefold().strip(), dict[str, float]()
    while left:
        match = _WEIGHT.match(left)
        option = match and _option(match[1])
        if match is None or option is None or option in found:
            raise WeightsError(text)
        value = float(match[2].replace(",", "."))
        found[option] = parse_weight(option, value / 100 if match[3] else value)
        left = left[match.end() :]
        left = left[len(_between(left)) :]
    return found


def _option(word: str) -> str | None:
    return next((option for known, option in WEIGHTS.items() if known.startswith(word)), None)


def _between(text: str) -> str:
    match = _BETWEEN.match(text)
    return match[0] if match else ""
