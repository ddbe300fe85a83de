"""The body of a Generate from Inspiration request, exactly as the provider's page allows it."""

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]

MODELS = ("v55", "v50", "v45+", "v45", "v40")
PROMPT_LIMIT = 5000
PROMPT_LIMITS = {"v40": 3000}
SLIDERS = ("styleWeight", "audioWeight", "weirdnessConstraint")
REQUIRED = ("task", "model", "playlistId")
FIELDS = (*REQUIRED, "prompt", *SLIDERS, "personaId", "artistClipId")


class RefusedError(Exception):
    """A refusal by the provider: a code of its error table and a text."""

    def __init__(self, code: int, msg: str) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg


@dataclass(frozen=True, slots=True)
class Inspiration:
    """A request body that the provider accepts."""

    model: str
    playlist_id: str
    fields: JsonObject
    """The whole body as it was sent."""


def read_inspiration(raw: bytes, *, models: Collection[str]) -> Inspiration:
    """Parse the request in the body.

    Raises:
        RefusedError: code 400, naming the first field that breaks the page's rules.
    """
    fields = _json_object(raw)
    for name in fields:
        _require(f"unknown parameter {name}", holds=name in FIELDS)
    for name in REQUIRED:
        _require(f"{name} is required", holds=name in fields)
    _require("task must be inspiration", holds=fields["task"] == "inspiration")
    model = fields["model"]
    if not isinstance(model, str) or model not in models:
        raise RefusedError(400, f"model must be one of {', '.join(models)}")
    _check_prompt(fields, model=model)
    for name in SLIDERS:
        _check_slider(fields, name)
    _require("personaId must be a string", holds=_is_text(fields.get("personaId", "-")))
    _require(
        "artistClipId must be a clip id", holds=_is_uuid(fields.get("artistClipId", str(uuid.UUID(int=0))))
    )
    playlist_id = fields["playlistId"]
    if not isinstance(playlist_id, str) or not _is_uuid(playlist_id):
        raise RefusedError(400, "playlistId must be a full UUID")
    return Inspiration(model, playlist_id.lower(), fields)


def playlist_in(raw: bytes) -> str:
    """Return the playlist id that the body names, in lower case; empty if there is none."""
    try:
        playlist_id = _json_object(raw).get("playlistId")
    except RefusedError:
        return ""
    return playlist_id.lower() if isinstance(playlist_id, str) else ""


def _json_object(raw: bytes) -> JsonObject:
    try:
        body: JsonValue = json.loads(raw, parse_constant=_no_constant)
    except ValueError as error:
        raise RefusedError(400, f"body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "body must be a JSON object")
    return body


def _no_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is no JSON number")


def _check_prompt(fields: JsonObject, *, model: str) -> None:
    prompt = fields.get("prompt", "-")
    limit = PROMPT_LIMITS.get(model, PROMPT_LIMIT)
    _require("prompt must be a string that is not empty", holds=_is_text(prompt))
    _require(f"prompt is longer than {limit} characters", holds=len(str(prompt)) <= limit)


def _check_slider(fields: JsonObject, name: str) -> None:
    value = fields.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusedError(400, f"{name} must be a number")
    _require(f"{name} must be between 0 and 1", holds=0 <= value <= 1)
    _require(f"{name} has more than two decimals", holds=round(value, 2) == value)


def _is_text(value: JsonValue) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_uuid(value: JsonValue) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def _require(msg: str, *, holds: bool) -> None:
    if not holds:
        raise RefusedError(400, msg)
