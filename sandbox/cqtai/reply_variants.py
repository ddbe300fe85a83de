"""Ways in which a valid task document differs from the page's example, each seen or documented somewhere."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sandbox.cqtai.inspiration import JsonObject, JsonValue
from sandbox.cqtai.timeline import ClipStatus


class ReplyVariant(StrEnum):
    """One difference in the `data` of a query's reply."""

    STATUS_MISSING = "status_missing"
    RESULT_ABSENT = "result_absent"
    RESULT_NULL = "result_null"
    RESULT_EMPTY = "result_empty"
    CLIPS_STREAMING = "clips_streaming"
    SECOND_CLIP_STREAMING = "second_clip_streaming"
    SECOND_CLIP_ERRORED = "second_clip_errored"
    ALL_CLIPS_ERRORED = "all_clips_errored"
    ALL_CLIPS_MODERATED = "all_clips_moderated"
    """Errored clips whose metadata say why; the task itself says nothing."""
    ONE_CLIP = "one_clip"
    CLIPS_REVERSED = "clips_reversed"
    BARE_CLIPS = "bare_clips"
    """Clips with nothing but id, status and audio link."""
    UNKNOWN_FIELDS = "unknown_fields"
    PARAM_NULL = "param_null"
    PARAM_ABSENT = "param_absent"
    PARAM_TEXT = "param_text"
    DURATION_TEXT = "duration_text"
    DURATION_NULL = "duration_null"
    TAGS_LIST = "tags_list"
    TITLE_HTML = "title_html"
    """A title that would be an image and a script if it were rendered as HTML."""
    ERROR_MSG_NULL = "error_msg_null"
    AUDIO_FORBIDDEN = "audio_forbidden"
    """Links that end in /api/forbidden."""
    AUDIO_NONE = "audio_none"
    """Links that end in /None.mp3."""
    AUDIO_PIPE = "audio_pipe"
    """Links to live streams, which end early."""
    AUDIO_MISSING = "audio_missing"
    AUDIO_SIGNED = "audio_signed"
    """Links with a signature, longer than a button of Discord's may lead to."""
    AUDIO_SIGNED_LONG = "audio_signed_long"
    """The same, longer than a field of Discord's may be."""
    IMAGE_MISSING = "image_missing"
    INSTRUMENTAL = "instrumental"
    """A song without lyrics, as Suno says it."""
    LYRICS_HUGE = "lyrics_huge"
    """A megabyte of lyrics."""
    EXPLICIT = "explicit"


@dataclass(frozen=True, slots=True)
class StatusAs:
    """A task status in another spelling, or an unknown word."""

    status: str


MODERATED_WORDS = "Song Description contained artist name: Queen"
HUGE_LYRICS = "la la la @everyone `la`\n" * 45_000
HOSTILE_TITLE = "<img src=x onerror='hacked=1'><script>hacked=1</script>"
AUDIOPIPE = "https://audiopipe.suno.ai/?item_id={clip_id}"


def audiopipe_link(clip_id: str) -> str:
    """Return where Suno streams a clip that is still being made."""
    return AUDIOPIPE.format(clip_id=clip_id)


def apply(effect: ReplyVariant | StatusAs, *, document: JsonObject, origin: str) -> None:
    """Change the task document as the effect says; links of ours begin with `origin`."""
    if isinstance(effect, StatusAs):
        document["status"] = effect.status
    elif effect in _DOCUMENT_CHANGES:
        _DOCUMENT_CHANGES[effect](document)
    else:
        for clip in clips_of(document):
            _CLIP_CHANGES[effect](clip, origin)


def clips_of(document: JsonObject) -> list[JsonObject]:
    """Return the clips of a task document; none if it has no result."""
    result = document.get("result")
    return [clip for clip in result if isinstance(clip, dict)] if isinstance(result, list) else []


def _set(name: str, value: JsonValue) -> Callable[[JsonObject], None]:
    def change(document: JsonObject) -> None:
        document[name] = value

    return change


def _drop(name: str) -> Callable[[JsonObject], None]:
    def change(document: JsonObject) -> None:
        document.pop(name, None)

    return change


def _status_from(first: int, status: ClipStatus) -> Callable[[JsonObject], None]:
    def change(document: JsonObject) -> None:
        for clip in clips_of(document)[first:]:
            clip["status"] = status
            clip["audio_url"] = audiopipe_link(str(clip["id"])) if status is ClipStatus.STREAMING else ""

    return change


def _one_clip(document: JsonObject) -> None:
    document["result"] = list(clips_of(document)[:1])


def _reversed(document: JsonObject) -> None:
    document["result"] = list(reversed(clips_of(document)))


def _bare(document: JsonObject) -> None:
    kept = ("id", "status", "audio_url")
    document["result"] = [{name: clip[name] for name in kept} for clip in clips_of(document)]


def _unknown_fields(document: JsonObject) -> None:
    document["queuePosition"] = {"lane": "b", "ahead": 0}
    for clip in clips_of(document):
        clip["entity_revision"] = [2, None]
        _metadata(clip)["mood_vector"] = [0.25, 0.5]


def _param_text(document: JsonObject) -> None:
    document["param"] = json.dumps(document.get("param"), ensure_ascii=False)


def _metadata(clip: JsonObject) -> JsonObject:
    metadata = clip.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _duration_text(clip: JsonObject, _origin: str) -> None:
    metadata = _metadata(clip)
    if metadata.get("duration") is not None:
        metadata["duration"] = str(metadata["duration"])


def _duration_null(clip: JsonObject, _origin: str) -> None:
    _metadata(clip)["duration"] = None


def _tags_list(clip: JsonObject, _origin: str) -> None:
    metadata = _metadata(clip)
    tags: list[JsonValue] = [*str(metadata.get("tags", "")).split(", ")]
    metadata["tags"] = tags


def _title_html(clip: JsonObject, _origin: str) -> None:
    clip["title"] = HOSTILE_TITLE


def _instrumental(clip: JsonObject, _origin: str) -> None:
    _metadata(clip).update(prompt="[Instrumental]", make_instrumental=True)


def _huge_lyrics(clip: JsonObject, _origin: str) -> None:
    _metadata(clip)["prompt"] = HUGE_LYRICS


def _explicit(clip: JsonObject, _origin: str) -> None:
    clip["explicit"] = True


def _link(name: str, template: str) -> Callable[[JsonObject, str], None]:
    def change(clip: JsonObject, origin: str) -> None:
        clip[name] = template.format(origin=origin, clip_id=clip["id"])

    return change


def _moderated(document: JsonObject) -> None:
    _status_from(0, ClipStatus.ERROR)(document)
    clips = document.get("result")
    for clip in clips if isinstance(clips, list) else []:
        metadata = clip.get("metadata") if isinstance(clip, dict) else None
        if isinstance(metadata, dict):
            metadata |= {"error_type": "moderation_failure", "error_message": MODERATED_WORDS}


def _no_image(clip: JsonObject, _origin: str) -> None:
    clip["image_url"] = ""
    clip["image_large_url"] = ""


_DOCUMENT_CHANGES: dict[ReplyVariant, Callable[[JsonObject], None]] = {
    ReplyVariant.STATUS_MISSING: _drop("status"),
    ReplyVariant.RESULT_ABSENT: _drop("result"),
    ReplyVariant.RESULT_NULL: _set("result", None),
    ReplyVariant.RESULT_EMPTY: lambda document: document.update(result=[]),
    ReplyVariant.CLIPS_STREAMING: _status_from(0, ClipStatus.STREAMING),
    ReplyVariant.SECOND_CLIP_STREAMING: _status_from(1, ClipStatus.STREAMING),
    ReplyVariant.SECOND_CLIP_ERRORED: _status_from(1, ClipStatus.ERROR),
    ReplyVariant.ALL_CLIPS_ERRORED: _status_from(0, ClipStatus.ERROR),
    ReplyVariant.ALL_CLIPS_MODERATED: _moderated,
    ReplyVariant.ONE_CLIP: _one_clip,
    ReplyVariant.CLIPS_REVERSED: _reversed,
    ReplyVariant.BARE_CLIPS: _bare,
    ReplyVariant.UNKNOWN_FIELDS: _unknown_fields,
    ReplyVariant.PARAM_NULL: _set("param", None),
    ReplyVariant.PARAM_ABSENT: _drop("param"),
    ReplyVariant.PARAM_TEXT: _param_text,
    ReplyVariant.ERROR_MSG_NULL: _set("errorMsg", None),
}
_CLIP_CHANGES: dict[ReplyVariant, Callable[[JsonObject, str], None]] = {
    ReplyVariant.DURATION_TEXT: _duration_text,
    ReplyVariant.DURATION_NULL: _duration_null,
    ReplyVariant.TAGS_LIST: _tags_list,
    ReplyVariant.TITLE_HTML: _title_html,
    ReplyVariant.AUDIO_FORBIDDEN: _link("audio_url", "{origin}/api/forbidden"),
    ReplyVariant.AUDIO_NONE: _link("audio_url", "{origin}/media/None.mp3"),
    ReplyVariant.AUDIO_PIPE: _link("audio_url", AUDIOPIPE),
    ReplyVariant.AUDIO_MISSING: _link("audio_url", ""),
    ReplyVariant.AUDIO_SIGNED: _link("audio_url", "{origin}/media/{clip_id}.mp3?Signature=" + "s" * 700),
    ReplyVariant.AUDIO_SIGNED_LONG: _link(
        "audio_url", "{origin}/media/{clip_id}.mp3?Signature=" + "s" * 1200
    ),
    ReplyVariant.IMAGE_MISSING: _no_image,
    ReplyVariant.INSTRUMENTAL: _instrumental,
    ReplyVariant.LYRICS_HUGE: _huge_lyrics,
    ReplyVariant.EXPLICIT: _explicit,
}
