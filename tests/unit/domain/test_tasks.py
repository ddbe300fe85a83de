from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.tasks import (
    Broken,
    Clip,
    ClipStage,
    Finished,
    GivenUp,
    KeepAsking,
    TaskReport,
    TaskStage,
    Verdict,
    Watch,
    judge,
    judge_silence,
)

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
GIVE_UP_S = 900.0
WATCH = Watch(progress_at=NOW)


def clip(name: str, stage: ClipStage) -> Clip:
    return Clip(id=name * 8, stage=stage)


A, B = clip("a", ClipStage.COMPLETE), clip("b", ClipStage.COMPLETE)
A_STREAMING, B_STREAMING = clip("a", ClipStage.STREAMING), clip("b", ClipStage.STREAMING)
B_PENDING, B_FAILED = clip("b", ClipStage.PENDING), clip("b", ClipStage.FAILED)


def ask(
    stage: TaskStage, *clips: Clip, watch: Watch = WATCH, after_s: float = 0, error: str | None = None
) -> Verdict:
    report = TaskReport(stage, clips, error, status=stage)
    return judge(report, watch, now=NOW + timedelta(seconds=after_s), give_up_s=GIVE_UP_S)


def kept(verdict: Verdict) -> Watch:
    assert isinstance(verdict, KeepAsking)
    return verdict.watch


def test_a_failed_task_is_broken_with_the_providers_words() -> None:
    assert ask(TaskStage.FAILED, error="prompt_unsafe") == Broken("prompt_unsafe")
    assert ask(TaskStage.FAILED) == Broken("the provider gave no reason")


def test_two_complete_clips_are_a_whole_song() -> None:
    assert ask(TaskStage.DONE, A, B) == Finished((A, B), partial=False)


def test_one_clip_of_two_is_delivered_as_partial() -> None:
    assert ask(TaskStage.DONE, A) == Finished((A,), partial=True)
    assert ask(TaskStage.DONE, A, B_FAILED) == Finished((A,), partial=True)


def test_only_failed_clips_are_no_song() -> None:
    assert isinstance(ask(TaskStage.DONE, B_FAILED), Broken)
    assert ask(TaskStage.DONE, B_FAILED, error="why") == Broken("why")


def test_clips_still_streaming_on_a_done_task_are_waited_for_then_delivered_as_they_are() -> None:
    watch = kept(ask(TaskStage.DONE, A, B_STREAMING))
    assert watch.settling_at == NOW
    watch = kept(ask(TaskStage.DONE, A, B_STREAMING, watch=watch, after_s=179))
    assert ask(TaskStage.DONE, A, B_STREAMING, watch=watch, after_s=180) == Finished(
        (A, B_STREAMING), partial=True
    )
    assert ask(TaskStage.DONE, A, B, watch=watch, after_s=30) == Finished((A, B), partial=False)


def test_pending_clips_on_a_done_task_are_no_song_in_the_end() -> None:
    watch = kept(ask(TaskStage.DONE, B_PENDING))
    assert isinstance(ask(TaskStage.DONE, B_PENDING, watch=watch, after_s=180), Broken)


def test_a_done_task_without_clips_is_asked_three_times_more() -> None:
    watch = WATCH
    for _ in range(3):
        watch = kept(ask(TaskStage.DONE, watch=watch))
    assert isinstance(ask(TaskStage.DONE, watch=watch), Broken)


def test_the_first_clip_is_noted_once() -> None:
    watch = kept(ask(TaskStage.RUNNING, A, B_PENDING, after_s=60))
    assert watch.clips == (A,)
    assert watch.first_clip_at == NOW + timedelta(seconds=60)
    later = kept(ask(TaskStage.RUNNING, A, B_STREAMING, watch=watch, after_s=70))
    assert later.first_clip_at == watch.first_clip_at


def test_progress_is_any_change_of_the_task_or_its_clips() -> None:
    watch = kept(ask(TaskStage.RUNNING, after_s=10))
    assert watch.progress_at == NOW + timedelta(seconds=10)
    assert kept(ask(TaskStage.RUNNING, watch=watch, after_s=20)).progress_at == watch.progress_at
    moved = kept(ask(TaskStage.RUNNING, A_STREAMING, watch=watch, after_s=30))
    assert moved.progress_at == NOW + timedelta(seconds=30)


def test_a_task_without_progress_is_given_up() -> None:
    watch = kept(ask(TaskStage.RUNNING))
    assert isinstance(ask(TaskStage.RUNNING, watch=watch, after_s=899), KeepAsking)
    assert ask(TaskStage.RUNNING, watch=watch, after_s=900) == GivenUp()


def test_a_complete_clip_is_not_thrown_away_when_the_task_is_given_up() -> None:
    watch = kept(ask(TaskStage.RUNNING, A, B_PENDING))
    late = NOW + timedelta(seconds=900)
    assert judge_silence(watch, now=late, give_up_s=GIVE_UP_S) == Finished((A,), partial=True)


def test_silence_is_borne_until_it_is_too_long() -> None:
    assert judge_silence(WATCH, now=NOW, give_up_s=1) == KeepAsking(WATCH)
    assert judge_silence(WATCH, now=NOW + timedelta(seconds=1), give_up_s=1) == GivenUp()


def test_a_task_that_stays_running_though_both_clips_are_complete_is_delivered() -> None:
    watch = kept(ask(TaskStage.RUNNING, A, B))
    watch = kept(ask(TaskStage.RUNNING, A, B, watch=watch, after_s=100))
    assert ask(TaskStage.RUNNING, A, B, watch=watch, after_s=180) == Finished((A, B), partial=False)


@pytest.mark.parametrize("stage", [TaskStage.RUNNING, TaskStage.DONE])
def test_a_task_that_goes_back_forgets_that_it_looked_finished(stage: TaskStage) -> None:
    watch = kept(ask(TaskStage.RUNNING, A, B))
    assert watch.settling_at == NOW
    if stage is TaskStage.RUNNING:
        assert kept(ask(stage, A, B_STREAMING, watch=watch, after_s=5)).settling_at is None
    else:
        assert ask(stage, A, B, watch=watch, after_s=5) == Finished((A, B), partial=False)
