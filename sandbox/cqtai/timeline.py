"""The life of a task as a pure function of its age: what the provider would report at that moment.

queued -> running (two queued clips, then streaming) -> first clip complete -> succeeded.
Shares are of the time that the song takes, so the same life can last 101 s or a tenth of a second.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

QUEUED_UNTIL = 0.03
CLIPS_QUEUED_UNTIL = 0.15
FIRST_CLIP_READY_AT = 0.6
CLIPS_PER_TASK = 2


class TaskStatus(StrEnum):
    """The status of a task, in the provider's own words for tasks."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ClipStatus(StrEnum):
    """The status of a clip, in the provider's own words for clips."""

    QUEUED = "queued"
    STREAMING = "streaming"
    COMPLETE = "complete"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Succeed:
    """A task that ends with two clips."""


@dataclass(frozen=True, slots=True)
class Fail:
    """A task that ends without clips and gives its credits back."""

    error_msg: str = "upstream bizCode=451, msg=prompt_unsafe"
    status: str = TaskStatus.FAILED
    """The spelling in the reply, for example "CANCELED"."""
    at: float = 0.5
    """The share of the song's time after which it fails."""


@dataclass(frozen=True, slots=True)
class Stall:
    """A task that stops progressing, still counts as running and possibly never ends."""

    status: str = TaskStatus.RUNNING
    at: float = 0.3
    """The share of the song's time that its clips reach, and no more."""
    until_s: float = math.inf
    """The age at which the provider itself fails it with "timeout"; infinite: never."""


Fate = Succeed | Fail | Stall


@dataclass(frozen=True, slots=True)
class Moment:
    """The state of a task at one age."""

    status: TaskStatus
    spelling: str
    """How the reply writes the status."""
    clips: tuple[ClipStatus, ...] = ()
    error_msg: str = ""

    @property
    def has_ended(self) -> bool:
        """Tell whether the task will not change any more."""
        return self.status in (TaskStatus.SUCCEEDED, TaskStatus.FAILED)


def ends_after_s(fate: Fate, *, making_s: float) -> float:
    """Return the age at which a task with this fate ends; infinite if it never does."""
    match fate:
        case Succeed():
            return making_s
        case Fail():
            return making_s * fate.at
        case Stall():
            return fate.until_s
        case _:
            assert_never(fate)


def moment_at(age_s: float, *, making_s: float, fate: Fate) -> Moment:
    """Return what the provider reports of a task of this age whose song takes `making_s`."""
    if age_s >= ends_after_s(fate, making_s=making_s):
        return _end_of(fate)
    share = age_s / making_s
    if not isinstance(fate, Stall):
        return _in_progress(share)
    moment = _in_progress(min(share, fate.at))
    if moment.status is TaskStatus.QUEUED or share < fate.at:
        return moment
    return Moment(TaskStatus.RUNNING, fate.status, moment.clips)


def _end_of(fate: Fate) -> Moment:
    match fate:
        case Succeed():
            both = (ClipStatus.COMPLETE,) * CLIPS_PER_TASK
            return Moment(TaskStatus.SUCCEEDED, TaskStatus.SUCCEEDED, both)
        case Fail():
            return Moment(TaskStatus.FAILED, fate.status, error_msg=fate.error_msg)
        case Stall():
            return Moment(TaskStatus.FAILED, TaskStatus.FAILED, error_msg="timeout")
        case _:
            assert_never(fate)


def _in_progress(share: float) -> Moment:
    if share < QUEUED_UNTIL:
        return Moment(TaskStatus.QUEUED, TaskStatus.QUEUED)
    if share < CLIPS_QUEUED_UNTIL:
        clips = (ClipStatus.QUEUED,) * CLIPS_PER_TASK
    elif share < FIRST_CLIP_READY_AT:
        clips = (ClipStatus.STREAMING,) * CLIPS_PER_TASK
    else:
        clips = (ClipStatus.COMPLETE, ClipStatus.STREAMING)
    return Moment(TaskStatus.RUNNING, TaskStatus.RUNNING, clips)
