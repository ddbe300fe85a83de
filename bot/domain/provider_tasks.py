"""A provider task's reports, and their evaluation to an outcome for the request."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias, assert_never

CLIPS_PER_TASK = 2
STREAMING_GRACE_S = 180
"""Seconds that a finished task's clips may still be streaming before a partial result is delivered."""
EMPTY_REPLIES = 3
"""How often a finished task without clips is polled again before it counts as failed."""
UNANSWERED_MAX_S = 86_400.0
"""Seconds of unanswered polls after which a task times out."""
AWAY_S = 60.0
"""Unpolled seconds after which the song's measured duration is too inaccurate to learn from."""
NO_CLIPS = "the provider finished without a song"


class TaskStage(StrEnum):
    """The stage of a task; every status word of the provider maps to one."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ClipStage(StrEnum):
    """The stage of one clip."""

    PENDING = "pending"
    STREAMING = "streaming"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One generated clip: the fields that this program uses."""

    id: str
    stage: ClipStage = ClipStage.COMPLETE
    title: str | None = None
    duration_s: float | None = None
    tags: tuple[str, ...] = ()
    audio_url: str | None = None
    image_url: str | None = None
    model: str | None = None
    """The model's name as the provider shows it."""
    explicit: bool = False
    """Whether the provider marks its lyrics as explicit."""
    lyrics: str | None = None
    """Empty: it has none; None: they were not kept, or were erased."""


@dataclass(frozen=True, slots=True)
class TaskReport:
    """One answer about a task; `clips` are in the provider's order."""

    stage: TaskStage
    clips: tuple[Clip, ...] = ()
    error: str | None = None
    """The provider's own words about a failure."""
    status: str = ""
    """The provider's own word for the stage, for the log and the fingerprint."""

    @property
    def complete(self) -> tuple[Clip, ...]:
        """Return the clips that are complete."""
        return tuple(clip for clip in self.clips if clip.stage is ClipStage.COMPLETE)

    @property
    def settled(self) -> bool:
        """Return True if there are clips and none of them will change any more."""
        return bool(self.clips) and all(c.stage in {ClipStage.COMPLETE, ClipStage.FAILED} for c in self.clips)

    @property
    def fingerprint(self) -> str:
        """Return a text that changes whenever the task makes progress."""
        return " ".join([self.status.lower(), *(f"{clip.id[:8]}={clip.stage}" for clip in self.clips)])


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress:
    """The state of a task that is stored between two polls.

    Only time with answered polls counts: `progress_at` and `settling_at` are shifted by all other time.
    """

    progress_at: datetime
    """When the task last made progress, by our clock."""
    fingerprint: str = ""
    clips: tuple[Clip, ...] = ()
    """The clips that were complete in the last answer."""
    first_clip_at: datetime | None = None
    settling_at: datetime | None = None
    """When the task or all its clips were first reported as finished."""
    empty_replies: int = 0
    asked_at: datetime | None = None
    """When the task was last polled, with or without an answer."""
    unanswered_s: float = 0.0
    """Seconds of unanswered polls since the last answer."""
    unknown_s: float | None = None
    """Seconds for which the provider has not known the task; None: it knows the task."""
    was_away: bool = False
    """Whether polling was interrupted or the clock was set, so that the song's duration is not known."""


@dataclass(frozen=True, slots=True)
class StillRunning:
    """No outcome yet: the task is polled again."""

    progress: TaskProgress


@dataclass(frozen=True, slots=True)
class Finished:
    """Clips to deliver; `partial` if one is missing or not final."""

    clips: tuple[Clip, ...]
    partial: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A task that the provider reports as failed; `reason` is in the provider's words, if it gave any."""

    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A task without progress for too long; it may still finish at the provider."""

    is_unanswered: bool = False
    """Whether its progress is unknown because polls were no longer answered."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """A task that the provider does not know any more."""


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
    """Evaluate one answer, given the progress so far.

    Of the time since the previous poll, at most `gap_max_s` seconds count as time without progress.
    A task has `grace_s` seconds to end once all its clips are settled.
    """
    progress = _progressed(report, _polled(progress, now=now, gap_max_s=gap_max_s, answered=True), now)
    match report.stage:
        case TaskStage.FAILED:
            return Failed(report.error or "the provider gave no reason")
        case TaskStage.DONE:
            return _evaluate_done(report, progress, now, grace_s)
        case TaskStage.RUNNING:
            # some tasks stay "running" for good although both clips are complete
            is_done = report.settled and len(report.clips) >= CLIPS_PER_TASK and bool(report.complete)
            if is_done and progress.settling_at and now - progress.settling_at >= timedelta(seconds=grace_s):
                return _finished(report.complete)
            settling_at = (progress.settling_at or now) if is_done else None
            progress = replace(progress, settling_at=settling_at)
            if now - progress.progress_at < timedelta(seconds=give_up_s):
                return StillRunning(progress)
            return _partial_result(progress) or TimedOut()
        case _:
            assert_never(report.stage)


def evaluate_no_answer(
    progress: TaskProgress, *, now: datetime, gap_max_s: float
) -> StillRunning | Finished | TimedOut:
    """Evaluate a poll without an answer: the task times out after `UNANSWERED_MAX_S` of them."""
    progress = _polled(progress, now=now, gap_max_s=gap_max_s, answered=False)
    if progress.unanswered_s < UNANSWERED_MAX_S:
        return StillRunning(progress)
    return _partial_result(progress) or TimedOut(is_unanswered=True)


def evaluate_unknown(
    progress: TaskProgress, *, now: datetime, unknown_max_s: float, gap_max_s: float
) -> StillRunning | Finished | NotFound:
    """Evaluate a 404: the task counts as not found once it was unknown for `unknown_max_s` seconds."""
    unknown_s = (
        0.0 if progress.unknown_s is None else progress.unknown_s + _polled_s(progress, now, gap_max_s)
    )
    progress = _polled(progress, now=now, gap_max_s=gap_max_s, answered=True)
    if unknown_s < unknown_max_s:
        return StillRunning(replace(progress, unknown_s=unknown_s))
    return _partial_result(progress) or NotFound()


def was_polled(progress: TaskProgress, now: datetime, gap_max_s: float) -> bool:
    """Return True if the task was polled without a break, so that its measured duration is accurate."""
    skipped_s = _gap_s(progress, now) - _polled_s(progress, now, gap_max_s)
    return not progress.was_away and abs(skipped_s) <= AWAY_S


def _polled(progress: TaskProgress, *, now: datetime, gap_max_s: float, answered: bool) -> TaskProgress:
    """Return the progress after one more poll; its timestamps are shifted by the time that does not count.

    That is time without polls (the bot was down or suspended, the clock was set) or without answers.
    """
    gap_s = _gap_s(progress, now)
    polled_s = _polled_s(progress, now, gap_max_s)
    skipped = timedelta(seconds=gap_s - (polled_s if answered else 0.0))
    return replace(
        progress,
        asked_at=now,
        progress_at=progress.progress_at + skipped,
        settling_at=None if progress.settling_at is None else progress.settling_at + skipped,
        unanswered_s=0.0 if answered else progress.unanswered_s + polled_s,
        was_away=not was_polled(progress, now, gap_max_s),
    )


def _gap_s(progress: TaskProgress, now: datetime) -> float:
    """Return the seconds since the previous poll; negative if the clock was set back."""
    return (now - (progress.asked_at or progress.progress_at)).total_seconds()


def _polled_s(progress: TaskProgress, now: datetime, gap_max_s: float) -> float:
    """Return the seconds since the previous poll that count as polled: at most `gap_max_s`."""
    return min(max(_gap_s(progress, now), 0.0), gap_max_s)


def _partial_result(progress: TaskProgress) -> Finished | None:
    """Return the clips that were complete in the last answer as a result, or None if there are none."""
    return _finished(progress.clips) if progress.clips else None


def _progressed(report: TaskReport, progress: TaskProgress, now: datetime) -> TaskProgress:
    has_progressed = report.fingerprint != progress.fingerprint
    return replace(
        progress,
        fingerprint=report.fingerprint,
        progress_at=now if has_progressed else progress.progress_at,
        clips=report.complete or progress.clips,
        first_clip_at=progress.first_clip_at or (now if report.complete else None),
        unknown_s=None,
    )


def _evaluate_done(report: TaskReport, progress: TaskProgress, now: datetime, grace_s: float) -> TaskOutcome:
    if not report.clips:
        replies = progress.empty_replies + 1
        return (
            Failed(NO_CLIPS)
            if replies > EMPTY_REPLIES
            else StillRunning(replace(progress, empty_replies=replies))
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
