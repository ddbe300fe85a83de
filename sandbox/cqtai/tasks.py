"""The provider's tasks: accepted, counted while they run, charged, and refunded when they fail."""

import heapq
import math
import random
from dataclasses import dataclass

from sandbox.cqtai.account import Account
from sandbox.cqtai.inspiration import Inspiration, JsonObject, RefusedError
from sandbox.cqtai.songs import ODD_TITLES, Clip, Song, compose
from sandbox.cqtai.timeline import (
    CLIPS_PER_TASK,
    ClipStatus,
    Fate,
    Moment,
    TaskStatus,
    ends_after_s,
    moment_at,
)


@dataclass(frozen=True, slots=True)
class Task:
    """One accepted task; everything about it follows from these facts and the time."""

    id: str | int
    """32 hex digits, or an integer for a task of the older kind."""
    request: Inspiration
    song: Song
    fate: Fate
    charged: int
    accepted_s: float
    """Seconds since the epoch, by the provider's clock."""
    making_s: float
    """How long the song takes."""

    @property
    def key(self) -> str:
        """Return the id as a query names it."""
        return str(self.id)

    @property
    def ends_s(self) -> float:
        """Return when the task ends, in seconds since the epoch; infinite if it never does."""
        return self.accepted_s + ends_after_s(self.fate, making_s=self.making_s)

    def at(self, now_s: float) -> Moment:
        """Return the state of the task at that time."""
        # Compared as an absolute time, so that both give exactly the same result.
        age_s = math.inf if now_s >= self.ends_s else now_s - self.accepted_s
        return moment_at(age_s, making_s=self.making_s, fate=self.fate)


@dataclass(frozen=True, slots=True)
class TaskSnapshot:
    """A task as it is at one moment."""

    id: str
    body: JsonObject
    """The request's body exactly as it was received."""
    playlist_id: str
    song: Song
    accepted_s: float
    ends_s: float
    status: TaskStatus
    clips: tuple[ClipStatus, ...]
    error_msg: str
    charged: int
    refunded: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How long songs take and how many can run at once."""

    song_s: float
    """The median time of one song, in seconds."""
    spread: float = 0.0
    """Sigma of the lognormal distribution around the median; 0: all songs take the same time."""
    max_running: int | None = None
    """Tasks at once; None: no limit."""


class TaskRegister:
    """All tasks that were ever accepted. Time passes only through the `now_s` that callers give."""

    def __init__(
        self, account: Account, *, pace: Pace, rng: random.Random, odd_titles: float = ODD_TITLES
    ) -> None:
        self.account = account
        self.pace = pace
        self._rng = rng
        self._odd_titles = odd_titles
        self._tasks: dict[str, Task] = {}
        self._clips: dict[str, tuple[Task, Clip]] = {}
        self._ends: list[tuple[float, int, Task]] = []
        self._running = 0

    @property
    def running(self) -> int:
        """Return the tasks that had not ended when the register was last settled."""
        return self._running

    def settle(self, now_s: float) -> list[Task]:
        """End what is due by now, refund what failed, and return what ended."""
        ended: list[Task] = []
        while self._ends and self._ends[0][0] <= now_s:
            task = heapq.heappop(self._ends)[2]
            self._running -= 1
            if task.at(now_s).status is TaskStatus.FAILED:
                self.account.refund(task.charged)
            ended.append(task)
        return ended

    def accept(self, request: Inspiration, *, fate: Fate, with_number: bool, now_s: float) -> Task:
        """Charge and start a new task.

        Raises:
            RefusedError: 402 when it can't be paid, 429 when too many run already.
        """
        self.check_room()
        task = Task(
            id=self._rng.randrange(10**9, 10**10) if with_number else f"{self._rng.getrandbits(128):032x}",
            request=request,
            song=compose(
                self._rng,
                playlist_id=request.playlist_id,
                takes=CLIPS_PER_TASK,
                odd_titles=self._odd_titles,
            ),
            fate=fate,
            charged=self.account.charge(),
            accepted_s=now_s,
            making_s=self.pace.song_s * math.exp(self._rng.gauss(0, self.pace.spread)),
        )
        self._enter(task)
        return task

    def check_room(self) -> None:
        """Raise unless one more task can be paid for and can run.

        Raises:
            RefusedError: 402 when it can't be paid, 429 when too many run already.
        """
        self.account.check()
        if self.pace.max_running is not None and self._running >= self.pace.max_running:
            raise RefusedError(429, "Task limit reached")

    def find(self, task_id: str) -> Task | None:
        """Return the task with this id, or None."""
        return self._tasks.get(task_id)

    def clip(self, clip_id: str) -> tuple[Task, Clip] | None:
        """Return the clip with this id and its task, or None."""
        return self._clips.get(clip_id)

    def snapshots(self, now_s: float) -> list[TaskSnapshot]:
        """Return every task as it is now, oldest first."""
        return [_snapshot(task, now_s=now_s) for task in self._tasks.values()]

    def _enter(self, task: Task) -> None:
        self._tasks[task.key] = task
        self._clips.update({clip.id: (task, clip) for clip in task.song.clips})
        self._running += 1
        if math.isfinite(task.ends_s):
            heapq.heappush(self._ends, (task.ends_s, len(self._tasks), task))


def _snapshot(task: Task, *, now_s: float) -> TaskSnapshot:
    moment = task.at(now_s)
    return TaskSnapshot(
        id=task.key,
        body=task.request.fields,
        playlist_id=task.request.playlist_id,
        song=task.song,
        accepted_s=task.accepted_s,
        ends_s=task.ends_s,
        status=moment.status,
        clips=moment.clips,
        error_msg=moment.error_msg,
        charged=task.charged,
        refunded=task.charged if moment.status is TaskStatus.FAILED else 0,
    )
