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
UNANSWERED_MAX_S = 86_400.0
"""Seconds of asking in vain after which a task is given up: what is never answered must end, too."""
AWAY_S = 60.0
"""Seconds that do not count, after which nobody knows how long the song took."""
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
    def fingerprint(self) -> str:
        """A text that is different whenever the task has moved on."""
        return " ".join([self.status.lower(), *(f"{clip.id[:8]}={clip.stage}" for clip in self.clips)])


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress:
    """What is remembered of a task between two questions.

    Only answered time counts: `progress_at` and `settling_at` move on with all other time.
    """

    progress_at: datetime
    """When it last moved on, by our clock."""
    fingerprint: str = ""
    clips: tuple[Clip, ...] = ()
    """The clips that were complete at the last answer."""
    first_clip_at: datetime | None = None
    settling_at: datetime | None = None
    """When the task, or all its clips, first looked finished."""
    empty_replies: int = 0
    asked_at: datetime | None = None
    """When it was last asked about, whether that was answered or not."""
    unanswered_s: float = 0.0
    """Seconds of asking in vain since the last answer."""
    unknown_s: float | None = None
    """Seconds for which the provider has said that it does not know the task; None where it does."""
    was_away: bool = False
    """True when nobody looked for a while, or the clock was set: how long the song took is not known."""


@dataclass(frozen=True, slots=True)
class StillRunning:
    """Nothing is decided yet."""

    progress: TaskProgress


@dataclass(frozen=True, slots=True)
class Finished:
    """There are clips to deliver; `partial` when one is missing or not final."""

    clips: tuple[Clip, ...]
    partial: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The provider will make no song of this task; `reason` is its own words, where it gave any."""

    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The task made no progress for too long; it may still finish at the provider."""

    is_unanswered: bool = False
    """True when nobody knows of its progress, because no question was answered any more."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider does not know the task any more."""


TaskOutcome: TypeAlias = StillRunning | Finished | Failed | TimedOut | NotFound


def evaluate(
    report: TaskReport,
    progress: TaskProgress,
    *,
    now: datetime,
    give_up_s: float,
    gap_max_s: float,
    grace_s: float = STREAMING_GRACE_S,
) -> TaskOutcome:
    """Decide what one answer means, given what was known before.

    Of the time since the question before, at most `gap_max_s` seconds count as time without progress.
    A task has `grace_s` seconds to end once all its clips are there.
    """
    progress = _progressed(report, _polled(progress, now=now, gap_max_s=gap_max_s, answered=True), now)
    match report.stage:
        case TaskStage.FAILED:
            return Failed(report.error or "the provider gave no reason")
        case TaskStage.DONE:
            return _evaluate_done(report, progress, now, grace_s)
        case TaskStage.RUNNING:
            # some tasks stay "running" for good although both clips are complete
            ripe = report.settled and len(report.clips) >= CLIPS_PER_TASK and bool(report.complete)
            if ripe and progress.settling_at and now - progress.settling_at >= timedelta(seconds=grace_s):
                return _finished(report.complete)
            settling_at = (progress.settling_at or now) if ripe else None
            progress = replace(progress, settling_at=settling_at)
            if now - progress.progress_at < timedelta(seconds=give_up_s):
                return StillRunning(progress)
            return _partial_result(progress) or TimedOut()
        case _:
            assert_never(report.stage)


def evaluate_no_answer(
    progress: TaskProgress, *, now: datetime, gap_max_s: float
) -> StillRunning | Finished | TimedOut:
    """Decide what a question without an answer means: nothing, until a day of them has gone by."""
    progress = _polled(progress, now=now, gap_max_s=gap_max_s, answered=False)
    if progress.unanswered_s < UNANSWERED_MAX_S:
        return StillRunning(progress)
    return _partial_result(progress) or TimedOut(is_unanswered=True)


def evaluate_unknown(
    progress: TaskProgress, *, now: datetime, unknown_max_s: float, gap_max_s: float
) -> StillRunning | Finished | NotFound:
    """Decide what it means that the provider does not know the task: it must say so for a while."""
    unknown_s = (
        0.0 if progress.unknown_s is None else progress.unknown_s + _polled_s(progress, now, gap_max_s)
    )
    progress = _polled(progress, now=now, gap_max_s=gap_max_s, answered=True)
    if unknown_s < unknown_max_s:
        return StillRunning(replace(progress, unknown_s=unknown_s))
    return _partial_result(progress) or NotFound()


def was_polled(progress: TaskProgress, now: datetime, gap_max_s: float) -> bool:
    """True when somebody looked all along, so that the clock tells how long the song took."""
    skipped_s = _gap_s(progress, now) - _polled_s(progress, now, gap_max_s)
    return not progress.was_away and abs(skipped_s) <= AWAY_S


def _polled(progress: TaskProgress, *, now: datetime, gap_max_s: float, answered: bool) -> TaskProgress:
    """The watch after one more question; its moments are moved on by the time that does not count.

    That is time in which nobody asked (the bot was away or suspended, the clock was set) or nobody answered.
    """
    gap_s = _gap_s(progress, now)
    watched_s = _polled_s(progress, now, gap_max_s)
    skipped = timedelta(seconds=gap_s - (watched_s if answered else 0.0))
    return replace(
        progress,
        asked_at=now,
        progress_at=progress.progress_at + skipped,
        settling_at=None if progress.settling_at is None else progress.settling_at + skipped,
        unanswered_s=0.0 if answered else progress.unanswered_s + watched_s,
        was_away=not was_polled(progress, now, gap_max_s),
    )


def _gap_s(progress: TaskProgress, now: datetime) -> float:
    """Seconds since the question before; negative when the clock was set back."""
    return (now - (progress.asked_at or progress.progress_at)).total_seconds()


def _polled_s(progress: TaskProgress, now: datetime, gap_max_s: float) -> float:
    """The seconds since the question before in which surely somebody looked."""
    return min(max(_gap_s(progress, now), 0.0), gap_max_s)


def _partial_result(progress: TaskProgress) -> Finished | None:
    """The clips that were complete when the task was last seen: they are not thrown away."""
    return _finished(progress.clips) if progress.clips else None


def _progressed(report: TaskReport, progress: TaskProgress, now: datetime) -> TaskProgress:
    moved = report.fingerprint != progress.fingerprint
    return replace(
        progress,
        fingerprint=report.fingerprint,
        progress_at=now if moved else progress.progress_at,
        clips=report.complete or progress.clips,
        first_clip_at=progress.first_clip_at or (now if report.complete else None),
        unknown_s=None,
    )


def _evaluate_done(report: TaskReport, progress: TaskProgress, now: datetime, grace_s: float) -> TaskOutcome:
    if not report.clips:
        asked = progress.empty_replies + 1
        return (
            Failed(NO_CLIPS)
            if asked > EMPTY_REPLIES
            else StillRunning(replace(progress, empty_replies=asked))
        )
    if report.settled:
        return _finished(report.complete) if report.complete else Failed(report.error or NO_CLIPS)
    settling_at = progress.settling_at or now
    if now - settling_at < timedelta(seconds=grace_s):
        return StillRunning(replace(progress, settling_at=settling_at))
    audible = tuple(c for c in report.clips if c.stage in {ClipStage.COMPLETE, ClipStage.STREAMING})
    return Finished(audible, partial=True) if audible else Failed(report.error or NO_CLIPS)


def _finished(clips: tuple[Clip, ...]) -> Finished:
    return Finished(clips, partial=len(clips) < CLIPS_PER_TASK)
