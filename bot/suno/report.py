"""Translation of task documents to the domain's reports: the statuses of tasks and clips to stages."""

from collections.abc import Iterable
from types import MappingProxyType

from bot.domain.provider_tasks import Clip, ClipStage, TaskReport, TaskStage
from bot.suno.documents import ClipDocument, ClipMetadata, TaskDocument
from bot.suno.links import is_live_stream
from bot.suno.reply import shortened

STATUS_LENGTH = 40
"""Characters of a status that are kept."""
MAX_TAGS = 10
"""How many style tags of a clip are kept."""
TAG_LENGTH = 60
"""Characters of one style tag that are kept."""
LYRICS_LENGTH = 10_000
"""Characters of lyrics that are kept: twice as many as the provider lets a song have."""
CUT_OFF = "\n\n[The rest is too long to be kept.]"
"""The end of lyrics that were too long."""
INSTRUMENTAL = "[instrumental]"
"""Suno's word for no lyrics, in lower case."""
DURATION_MAX_S = 86_400.0
"""Seconds; a longer duration is an error of the provider."""

TASK_STAGES = MappingProxyType(
    dict.fromkeys(("succeeded", "success", "complete", "completed", "finished"), TaskStage.DONE)
    | dict.fromkeys(
        ("failed", "fail", "failure", "error", "timeout", "cancelled", "canceled", "rejected"),
        TaskStage.FAILED,
    )
)
"""A task's status, in lower case; a task with any other status, or none, is still running."""
CLIP_STAGES = MappingProxyType(
    dict.fromkeys(("complete", "completed"), ClipStage.COMPLETE)
    | dict.fromkeys(("streaming", "stream"), ClipStage.STREAMING)
    | dict.fromkeys(("submitted", "queued", "pending"), ClipStage.PENDING)
    | dict.fromkeys(("error", "failed"), ClipStage.FAILED)
)
"""A clip's status, in lower case; the meaning of any other depends on the task."""


def to_report(document: TaskDocument) -> TaskReport:
    """Translate a task document to a report, with the clips in order and without duplicates."""
    status = document.status or ""
    stage = TASK_STAGES.get(status.lower(), TaskStage.RUNNING)
    return TaskReport(
        stage=stage,
        clips=tuple(_clip(clip, task=stage) for clip in _in_order(document.result)),
        error=_error(document),
        status=shortened(status)[:STATUS_LENGTH],
    )


def _error(document: TaskDocument) -> str | None:
    """Return the messages about a failure, first the task's, then its clips', without duplicates."""
    messages = [document.error_msg]
    for clip in document.result:
        metadata = clip.metadata or ClipMetadata()
        messages += [metadata.error_type, metadata.error_message]
    return shortened("; ".join(dict.fromkeys(message for message in messages if message))) or None


def _in_order(clips: Iterable[ClipDocument]) -> list[ClipDocument]:
    by_id: dict[str, ClipDocument] = {}
    for clip in clips:
        by_id.setdefault(clip.id, clip)
    return sorted(by_id.values(), key=lambda c: (c.batch_index is None, c.batch_index or 0))


def _clip(document: ClipDocument, *, task: TaskStage) -> Clip:
    metadata = document.metadata or ClipMetadata()
    return Clip(
        id=document.id,
        stage=_clip_stage(document, task=task),
        title=shortened(document.title) or None,
        duration_s=_duration_s(metadata.duration),
        tags=tuple(shortened(tag)[:TAG_LENGTH] for tag in metadata.tags[:MAX_TAGS]),
        audio_url=document.audio_url,
        image_url=document.image_url or document.image_large_url,
        model=document.major_model_version or _badge(metadata) or document.model_name,
        explicit=bool(document.explicit),
        lyrics=_lyrics(document.metadata),
    )


def _lyrics(metadata: ClipMetadata | None) -> str | None:
    if metadata is None:
        return None
    text = metadata.prompt or ""
    if metadata.make_instrumental or text.casefold() == INSTRUMENTAL:
        return ""
    return text if len(text) <= LYRICS_LENGTH else text[: LYRICS_LENGTH - len(CUT_OFF)] + CUT_OFF


def _clip_stage(document: ClipDocument, *, task: TaskStage) -> ClipStage:
    known = CLIP_STAGES.get((document.status or "").lower())
    if known is not None:
        return known
    if task is not TaskStage.DONE or document.audio_url is None:
        return ClipStage.PENDING
    # A finished task's clip with audio is delivered even if its status is missing or unknown.
    return ClipStage.STREAMING if is_live_stream(document.audio_url) else ClipStage.COMPLETE


def _duration_s(stated: float | None) -> float | None:
    return stated if stated is not None and 0 < stated < DURATION_MAX_S else None


def _badge(metadata: ClipMetadata) -> str | None:
    badges = metadata.model_badges
    if badges is None:
        return None
    return next((badge.display_name for badge in (badges.songrow, badges.songcard) if badge), None)
