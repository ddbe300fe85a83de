"""What the provider says of a task, and what that means for the request."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias, assert_never

CLIPS_PER_TASK = 2
STREAMING_GRACE_S = 180
"""Seconds that a finished task's clips may still be streaming before what there is is delivered."""
EMPTY_REPLIES = 3
"""How often a finished task without clips is asked again before it counts as failed."""
NO_CLIPS = "the provider finished without a song"


class TaskStage(StrEnum):
    """Where a task is; every spelling of the provider comes down to one of these."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ClipStage(StrEnum):
    """Where one clip of a task is."""

    PENDING = "pending"
    STREAMING = "streaming"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One generated clip, as far as this program uses it."""

    id: str
    stage: ClipStage = ClipStage.COMPLETE
    title: str | None = None
    duration_s: float | None = None
    tags: tuple[str, ...] = ()
    audio_url: str | None = None
    image_url: str | None = None
    model: str | None = None
    """The model's name as the provider shows it."""


@dataclass(frozen=True, slots=True)
class TaskReport:
    """One answer about a task; `clips` are in their order."""

    stage: TaskStage
    clips: tuple[Clip, ...] = ()
    error: str | None = None
    """The provider's own words about a failure."""
    status: str = ""
    """The provider's own word for the stage, for the log and to see progress."""

    @property
    def complete(self) -> tuple[Clip, ...]:
        """The clips that are ready to be heard."""
        return tuple(clip for clip in self.clips if clip.stage is ClipStage.COMPLETE)

    @property
    def settled(self) -> bool:
        """True when there are clips and none of them will change any more."""
        return bool(self.clips) and all(c.stage in {ClipStage.COMPLETE, ClipStage.FAILED} for c in self.clips)

    @property
    def mark(self) -> str:
        """A text that is different whenever the task has moved on."""
        return " ".join([self.status.lower(), *(f"{clip.id[:8]}={clip.stage}" for clip in self.clips)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is remembered of a task between two answers."""

    progress_at: datetime
    """When it last moved on, by our clock."""
    mark: str = ""
    clips: tuple[Clip, ...] = ()
    """The clips that were complete at the last answer."""
    first_clip_at: datetime | None = None
    settling_at: datetime | None = None
    """When the task, or all its clips, first looked finished."""
    empty_replies: int = 0


@dataclass(frozen=True, slots=True)
class KeepAsking:
    """Nothing is decided yet."""

    watch: Watch


@dataclass(frozen=True, slots=True)
class Finished:
    """There are clips to deliver; `partial` when one is missing or not final."""

    clips: tuple[Clip, ...]
    partial: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """The provider will make no song of this task; `reason` is its own words, where it gave any."""

    reason: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The task made no progress for too long; it may still finish at the provider."""


Verdict: TypeAlias = KeepAsking | Finished | Broken | GivenUp


def judge(report: TaskReport, watch: Watch, *, now: datetime, give_up_s: float) -> Verdict:
    """What one answer means, given what was known before."""
    watch = _progressed(report, watch, now)
    match report.stage:
        case TaskStage.FAILED:
            return Broken(report.error or "the provider gave no reason")
        case TaskStage.DONE:
            return _judge_done(report, watch, now)
        case TaskStage.RUNNING:
            ripe = report.settled and len(report.clips) >= CLIPS_PER_TASK and bool(report.complete)
            if ripe and watch.settling_at and now - watch.settling_at >= timedelta(seconds=STREAMING_GRACE_S):
                return _finished(report.complete)
            settling_at = (watch.settling_at or now) if ripe else None
            return judge_silence(replace(watch, settling_at=settling_at), now=now, give_up_s=give_up_s)
        case _:
            assert_never(report.stage)


def judge_silence(watch: Watch, *, now: datetime, give_up_s: float) -> KeepAsking | Finished | GivenUp:
    """What it means that a task has not moved on."""
    if now - watch.progress_at < timedelta(seconds=give_up_s):
        return KeepAsking(watch)
    return _finished(watch.clips) if watch.clips else GivenUp()


def _progressed(report: TaskReport, watch: Watch, now: datetime) -> Watch:
    moved = report.mark != watch.mark
    return replace(
        watch,
        mark=report.mark,
        progress_at=now if moved else watch.progress_at,
        clips=report.complete or watch.clips,
        first_clip_at=watch.first_clip_at or (now if report.complete else None),
    )


def _judge_done(report: TaskReport, watch: Watch, now: datetime) -> Verdict:
    if not report.clips:
        asked = watch.empty_replies + 1
        return Broken(NO_CLIPS) if asked > EMPTY_REPLIES else KeepAsking(replace(watch, empty_replies=asked))
    if report.settled:
        return _finished(report.complete) if report.complete else Broken(report.error or NO_CLIPS)
    settling_at = watch.settling_at or now
    if now - settling_at < timedelta(seconds=STREAMING_GRACE_S):
        return KeepAsking(replace(watch, settling_at=settling_at))
    audible = tuple(c for c in report.clips if c.stage in {ClipStage.COMPLETE, ClipStage.STREAMING})
    return Finished(audible, partial=True) if audible else Broken(report.error or NO_CLIPS)


def _finished(clips: tuple[Clip, ...]) -> Finished:
    return Finished(clips, partial=len(clips) < CLIPS_PER_TASK)
