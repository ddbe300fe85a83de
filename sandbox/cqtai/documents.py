"""The provider's reply to a query, boilerplate included (the response example on its page)."""

from datetime import UTC, datetime, timedelta, timezone

from sandbox.cqtai.inspiration import JsonObject, JsonValue
from sandbox.cqtai.reply_variants import audiopipe_link
from sandbox.cqtai.songs import Clip, Song
from sandbox.cqtai.tasks import Task
from sandbox.cqtai.timeline import ClipStatus, Moment, TaskStatus

PROVIDER_ZONE = timezone(timedelta(hours=8))
CLIPS_BEGIN_AT = 0.11
"""The share of the song's time at which its clips are created: 11 of 101 seconds on the page."""


def task_document(task: Task, *, now_s: float, origin: str) -> JsonObject:
    """Return the `data` of the reply for this task at that time; links begin with `origin`."""
    moment = task.at(now_s)
    document: JsonObject = {
        "id": task.id,
        "taskType": "create",
        "status": moment.spelling,
        "errorMsg": moment.error_msg,
        "param": _boilerplate_param(task.song),
    }
    if moment.status is not TaskStatus.QUEUED or _tells_result_early(task):
        document["result"] = _result(task, moment=moment, origin=origin)
    document["createTime"] = _naive_time(task.accepted_s)
    document["completeTime"] = _naive_time(task.ends_s) if moment.has_ended else None
    return document


def _tells_result_early(task: Task) -> bool:
    # Both were seen of queued tasks: no result, and a result that is null.
    return task.song.clips[0].seed % 2 == 0


def _result(task: Task, *, moment: Moment, origin: str) -> JsonValue:
    if not moment.clips:
        return None
    created_at = _zulu_time(task.accepted_s + CLIPS_BEGIN_AT * task.making_s)
    return [
        clip_document(clip, song=task.song, status=status, created_at=created_at, origin=origin)
        for clip, status in zip(task.song.clips, moment.clips, strict=True)
    ]


def clip_document(clip: Clip, *, song: Song, status: ClipStatus, created_at: str, origin: str) -> JsonObject:
    """Return one clip of a result with every field of the page's example."""
    has_image = status in (ClipStatus.STREAMING, ClipStatus.COMPLETE)
    return {
        "id": clip.id,
        "title": clip.title,
        "handle": song.display_name.lower(),
        "status": status.value,
        "user_id": song.user_id,
        "explicit": song.is_explicit,
        "has_hook": False,
        "is_liked": False,
        "metadata": _metadata(clip, song=song, status=status),
        "audio_url": _audio_url(clip, status=status, origin=origin),
        "image_url": f"{origin}/media/image_{clip.id}.jpeg" if has_image else "",
        "is_public": False,
        "video_url": "",
        "created_at": created_at,
        "flag_count": 0,
        "is_trashed": False,
        "model_name": "chirp-crow",
        "play_count": 0,
        "batch_index": clip.batch_index,
        "entity_type": "song_schema",
        "display_name": song.display_name,
        "upvote_count": 0,
        "comment_count": 0,
        "allow_comments": True,
        "image_large_url": f"{origin}/media/image_large_{clip.id}.jpeg" if has_image else "",
        "is_contest_clip": False,
        "avatar_image_url": f"{origin}/media/sAura14.jpg",
        "is_handle_updated": False,
        "major_model_version": "v5",
    }


def _metadata(clip: Clip, *, song: Song, status: ClipStatus) -> JsonObject:
    metadata: JsonObject = {
        "tags": clip.tags,
        "type": "gen",
        "prompt": song.lyrics,
        "stream": True,
        "duration": clip.duration_s if status is ClipStatus.COMPLETE else None,
        "has_stem": False,
        "is_remix": False,
        "priority": 10,
        "can_remix": True,
    }
    if clip.batch_index == 0:
        metadata["model_badges"] = _model_badges()
    return metadata | {
        "negative_tags": "Sad, Slow",
        "refund_credits": False,
        "control_sliders": {"audio_weight": 0.65, "style_weight": 0.65, "weirdness_constraint": 0.65},
        "make_instrumental": False,
        "uses_latest_model": True,
    }


def _audio_url(clip: Clip, *, status: ClipStatus, origin: str) -> str:
    if status is ClipStatus.COMPLETE:
        return f"{origin}/media/{clip.id}.mp3"
    return audiopipe_link(clip.id) if status is ClipStatus.STREAMING else ""


def _model_badges() -> JsonObject:
    return {
        "songrow": {
            "dark": _badge_colours("00000000", "FD429C40"),
            "light": _badge_colours("00000000", "FD429C1A"),
            "display_name": "v5",
        },
        "songcard": {
            "dark": _badge_colours("00000000", "0000004D"),
            "light": _badge_colours("00000000", "0000004D"),
            "display_name": "v5",
        },
    }


def _badge_colours(border: str, background: str) -> JsonObject:
    return {"text_color": "FD429C", "border_color": border, "background_color": background}


def _boilerplate_param(song: Song) -> JsonObject:
    # The parameters of a `create` task, whatever the request was: the page's example does the same.
    return {
        "task": "create",
        "model": "chirp-v50",
        "customMode": True,
        "makeInstrumental": False,
        "prompt": song.lyrics,
        "tags": song.playlist.tags,
        "negativeTags": "Sad, Slow",
        "title": song.title,
        "vocalGender": "f",
        "styleWeight": 0.65,
        "weirdnessConstraint": 0.65,
        "audioWeight": 0.65,
    }


def _naive_time(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, PROVIDER_ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _zulu_time(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
