"""A song provider in memory: its answers are scripted, its calls are recorded."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from uuid import NAMESPACE_URL, uuid5

from bot.domain.errors import ProviderError, UnknownTaskError
from bot.domain.provider_tasks import Clip, ClipStage, TaskReport, TaskStage
from bot.domain.song_options import SongSpec
from bot.services.ports import SongProvider

LYRICS = "[Verse]\nSlow harbour, slow harbour"


class FakeProvider(SongProvider):
    """A provider that accepts every song and reports it as running, until told otherwise.

    `submit_answers` are given to the next orders, one each: a task id, or an error to raise. `say` sets what
    is answered about one task: each answer once, the last one for ever. While `may_answer` is clear, calls
    are recorded and then wait.
    """

    def __init__(self) -> None:
        self.submitted: list[SongSpec] = []
        """Every submission, also the refused ones."""
        self.queried: list[str] = []
        """The task ids of all polls."""
        self.submit_answers: deque[str | ProviderError] = deque()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self._answers: dict[str, deque[TaskReport | ProviderError]] = {}

    @property
    def task_ids(self) -> list[str]:
        """Return the known tasks, oldest first."""
        return list(self._answers)

    def say(self, task_id: str, *answers: TaskReport | ProviderError) -> None:
        """Answer polls of the task with this; an unknown task becomes known."""
        self._answers[task_id] = deque(answers)

    def half_finish(self, task_id: str) -> None:
        """Report the task as running, with the first of its two clips complete."""
        first, second = two_clips(task_id)
        streaming = replace(second, stage=ClipStage.STREAMING, audio_url=None)
        self.say(task_id, TaskReport(TaskStage.RUNNING, (first, streaming), status="running"))

    def finish(self, task_id: str, *clips: Clip) -> None:
        """Report the task as done with these clips, or with two ordinary ones."""
        self.say(task_id, done(*(clips or two_clips(task_id))))

    def fail(self, task_id: str, error: str) -> None:
        """Report the task as failed with these words, or with none."""
        self.say(task_id, TaskReport(TaskStage.FAILED, error=error or None, status="failed"))

    async def submit(self, spec: SongSpec) -> str:
        """Return the next scripted answer, else a new task's id."""
        self.submitted.append(spec)
        await self.may_answer.wait()
        answer = self.submit_answers.popleft() if self.submit_answers else f"task-{len(self.submitted)}"
        if isinstance(answer, ProviderError):
            raise answer
        self._answers.setdefault(answer, deque([TaskReport(TaskStage.RUNNING, status="queued")]))
        return answer

    async def query(self, task_id: str) -> TaskReport:
        """Return the next scripted answer about the task."""
        self.queried.append(task_id)
        await self.may_answer.wait()
        answers = self._answers.get(task_id)
        if not answers:
            raise UnknownTaskError
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if isinstance(answer, ProviderError):
            raise answer
        return answer


def done(*clips: Clip) -> TaskReport:
    """Return the report of a task that succeeded with these clips."""
    return TaskReport(TaskStage.DONE, clips, status="succeeded")


def two_clips(task_id: str) -> Sequence[Clip]:
    """Return two complete clips, the same ones for the same task."""
    return tuple(
        Clip(
            id=str(uuid5(NAMESPACE_URL, f"{task_id}-clip-{index}")),
            title="Slow Harbour",
            duration_s=91.3 + index,
            tags=("lo-fi", "warm"),
            audio_url=f"https://cdn1.suno.ai/{task_id}-clip-{index}.mp3",
            image_url=f"https://cdn2.suno.ai/image_{task_id}-clip-{index}.jpeg",
            model="v5",
            lyrics=LYRICS,
        )
        for index in range(2)
    )
