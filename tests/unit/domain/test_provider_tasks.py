from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.provider_tasks import (
    UNANSWERED_MAX_S,
    Clip,
    ClipStage,
    Failed,
    Finished,
    NotFound,
    StillRunning,
    TaskOutcome,
    TaskProgress,
    TaskReport,
    TaskStage,
    TimedOut,
    evaluate,
    evaluate_no_answer,
    evaluate_unknown,
    was_polled,
)

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
GIVE_UP_S = 900.0
GAP_MAX_S = 60.0
PROGRESS = TaskProgress(progress_at=NOW)


def clip(name: str, stage: ClipStage) -> Clip:
    return Clip(id=name * 8, stage=stage)


A, B = clip("a", ClipStage.COMPLETE), clip("b", ClipStage.COMPLETE)
A_STREAMING, B_STREAMING = clip("a", ClipStage.STREAMING), clip("b", ClipStage.STREAMING)
B_PENDING, B_FAILED = clip("b", ClipStage.PENDING), clip("b", ClipStage.FAILED)


def ask(
    stage: TaskStage,
    *clips: Clip,
    progress: TaskProgress = PROGRESS,
    after_s: float = 0,
    error: str | None = None,
) -> TaskOutcome:
    report = TaskReport(stage, clips, error, status=stage)
    return evaluate(
        report, progress, now=NOW + timedelta(seconds=after_s), give_up_s=GIVE_UP_S, gap_max_s=GAP_MAX_S
    )


def answered(progress: TaskProgress, *, until_s: int, every_s: int = 30) -> TaskProgress:
    """Return the progress of a task that was polled and answered all the time until then."""
    asked_s = int(((progress.asked_at or NOW) - NOW).total_seconds())
    for at_s in range(asked_s + every_s, until_s + 1, every_s):
        progress = kept(ask(TaskStage.RUNNING, *progress.clips, progress=progress, after_s=at_s))
    return progress


def unanswered(progress: TaskProgress, *, after_s: float) -> StillRunning | Finished | TimedOut:
    return evaluate_no_answer(progress, now=NOW + timedelta(seconds=after_s), gap_max_s=GAP_MAX_S)


def unknown(progress: TaskProgress, *, after_s: float) -> StillRunning | Finished | NotFound:
    now = NOW + timedelta(seconds=after_s)
    return evaluate_unknown(progress, now=now, unknown_max_s=30, gap_max_s=GAP_MAX_S)


def kept(outcome: TaskOutcome) -> TaskProgress:
    assert isinstance(outcome, StillRunning)
    return outcome.progress


def test_a_failed_task_is_broken_with_the_providers_words() -> None:
    assert ask(TaskStage.FAILED, error="prompt_unsafe") == Failed("prompt_unsafe")
    assert ask(TaskStage.FAILED) == Failed("the provider gave no reason")


def test_two_complete_clips_are_a_whole_song() -> None:
    assert ask(TaskStage.DONE, A, B) == Finished((A, B), partial=False)


def test_one_clip_of_two_is_delivered_as_partial() -> None:
    assert ask(TaskStage.DONE, A) == Finished((A,), partial=True)
    assert ask(TaskStage.DONE, A, B_FAILED) == Finished((A,), partial=True)


def test_only_failed_clips_are_no_song() -> None:
    assert isinstance(ask(TaskStage.DONE, B_FAILED), Failed)
    assert ask(TaskStage.DONE, B_FAILED, error="why") == Failed("why")


def test_clips_that_stream_on_a_done_task_are_waited_for_and_then_delivered() -> None:
    progress = PROGRESS
    for after_s in (0, 60, 120, 179):
        progress = kept(ask(TaskStage.DONE, A, B_STREAMING, progress=progress, after_s=after_s))
    assert progress.settling_at == NOW
    assert ask(TaskStage.DONE, A, B_STREAMING, progress=progress, after_s=180) == Finished(
        (A, B_STREAMING), partial=True
    )
    assert ask(TaskStage.DONE, A, B, progress=progress, after_s=180) == Finished((A, B), partial=False)


def test_pending_clips_on_a_done_task_are_no_song_in_the_end() -> None:
    progress = PROGRESS
    for after_s in (0, 60, 120):
        progress = kept(ask(TaskStage.DONE, B_PENDING, progress=progress, after_s=after_s))
    assert isinstance(ask(TaskStage.DONE, B_PENDING, progress=progress, after_s=180), Failed)


def test_a_done_task_without_clips_is_asked_three_times_more() -> None:
    progress = PROGRESS
    for _ in range(3):
        progress = kept(ask(TaskStage.DONE, progress=progress))
    assert isinstance(ask(TaskStage.DONE, progress=progress), Failed)


def test_the_first_clip_is_noted_once() -> None:
    progress = kept(ask(TaskStage.RUNNING, A, B_PENDING, after_s=60))
    assert progress.clips == (A,)
    assert progress.first_clip_at == NOW + timedelta(seconds=60)
    later = kept(ask(TaskStage.RUNNING, A, B_STREAMING, progress=progress, after_s=70))
    assert later.first_clip_at == progress.first_clip_at


def test_progress_is_any_change_of_the_task_or_its_clips() -> None:
    progress = kept(ask(TaskStage.RUNNING, after_s=10))
    assert progress.progress_at == NOW + timedelta(seconds=10)
    assert kept(ask(TaskStage.RUNNING, progress=progress, after_s=20)).progress_at == progress.progress_at
    later = kept(ask(TaskStage.RUNNING, A_STREAMING, progress=progress, after_s=30))
    assert later.progress_at == NOW + timedelta(seconds=30)


def test_a_task_without_progress_is_given_up() -> None:
    progress = answered(kept(ask(TaskStage.RUNNING)), until_s=899)
    assert isinstance(ask(TaskStage.RUNNING, progress=progress, after_s=899), StillRunning)
    assert ask(TaskStage.RUNNING, progress=progress, after_s=900) == TimedOut()


def test_a_complete_clip_is_not_thrown_away_when_the_task_is_given_up() -> None:
    progress = answered(kept(ask(TaskStage.RUNNING, A)), until_s=899)
    assert ask(TaskStage.RUNNING, A, progress=progress, after_s=900) == Finished((A,), partial=True)


@pytest.mark.parametrize("away_s", [3600, 86_400, -3600, -86_400])
def test_time_in_which_nobody_asked_is_no_time_without_progress(away_s: int) -> None:
    progress = answered(kept(ask(TaskStage.RUNNING)), until_s=600)
    progress = kept(ask(TaskStage.RUNNING, progress=progress, after_s=600 + away_s))
    silent_s = (NOW + timedelta(seconds=600 + away_s) - progress.progress_at).total_seconds()
    assert silent_s == (660 if away_s > 0 else 600)
    left_s = GIVE_UP_S - silent_s
    progress = answered(progress, until_s=int(600 + away_s + left_s - 1))
    assert ask(TaskStage.RUNNING, progress=progress, after_s=600 + away_s + left_s) == TimedOut()


def test_time_in_which_nobody_answered_is_no_time_without_progress() -> None:
    progress = answered(kept(ask(TaskStage.RUNNING)), until_s=870)
    for after_s in range(900, 5401, 30):
        progress = kept(unanswered(progress, after_s=after_s))
    progress = kept(ask(TaskStage.RUNNING, progress=progress, after_s=5420))
    assert progress.unanswered_s == 0
    assert ask(TaskStage.RUNNING, progress=progress, after_s=5430) == TimedOut()


def test_a_song_that_finished_while_nobody_looked_is_delivered() -> None:
    progress = answered(kept(ask(TaskStage.RUNNING)), until_s=870)
    assert ask(TaskStage.DONE, A, B, progress=progress, after_s=90_000) == Finished((A, B), partial=False)


@pytest.mark.parametrize("away_s", [3600, -3600])
def test_clips_that_settle_are_waited_for_in_answered_time(away_s: int) -> None:
    progress = kept(ask(TaskStage.DONE, A, B_STREAMING))
    for after_s in (away_s, away_s + 60):
        progress = kept(ask(TaskStage.DONE, A, B_STREAMING, progress=progress, after_s=after_s))
    outcome = ask(TaskStage.DONE, A, B_STREAMING, progress=progress, after_s=away_s + 120)
    assert isinstance(outcome, Finished) == (away_s > 0)
    last = ask(TaskStage.DONE, A, B, progress=progress, after_s=away_s + 120)
    assert last == Finished((A, B), partial=False)


def asked_in_vain(progress: TaskProgress) -> TaskProgress:
    """Return the progress just before a day of unanswered polls is over."""
    for after_s in range(60, int(UNANSWERED_MAX_S), 60):
        progress = kept(unanswered(progress, after_s=after_s))
    return progress


def test_silence_is_borne_for_a_day_of_asking() -> None:
    assert unanswered(asked_in_vain(PROGRESS), after_s=UNANSWERED_MAX_S) == TimedOut(is_unanswered=True)
    progress = asked_in_vain(kept(ask(TaskStage.RUNNING, A)))
    assert unanswered(progress, after_s=UNANSWERED_MAX_S) == Finished((A,), partial=True)


def test_silence_after_a_week_without_a_question_means_nothing() -> None:
    assert kept(unanswered(PROGRESS, after_s=7 * 86_400)).unanswered_s == GAP_MAX_S


def test_a_task_is_lost_when_the_provider_says_for_a_while_that_it_does_not_know_it() -> None:
    progress = kept(unknown(PROGRESS, after_s=3600))
    progress = kept(unknown(progress, after_s=3629))
    assert unknown(progress, after_s=3630) == NotFound()
    known = kept(ask(TaskStage.RUNNING, progress=progress, after_s=3629.5))
    assert kept(unknown(known, after_s=3700)).unknown_s == 0


def test_a_complete_clip_is_not_thrown_away_when_the_task_is_lost() -> None:
    progress = kept(unknown(kept(ask(TaskStage.RUNNING, A, after_s=60)), after_s=70))
    assert unknown(progress, after_s=130) == Finished((A,), partial=True)


def test_how_long_a_song_took_is_known_only_where_somebody_looked_all_along() -> None:
    def known(progress: TaskProgress, after_s: float) -> bool:
        return was_polled(progress, NOW + timedelta(seconds=after_s), GAP_MAX_S)

    assert known(PROGRESS, 100)
    assert not known(PROGRESS, 3600)
    assert not known(PROGRESS, -3600)
    gone = kept(ask(TaskStage.RUNNING, after_s=3600))
    assert not known(gone, 3610)


def test_a_task_that_stays_running_though_both_clips_are_complete_is_delivered() -> None:
    progress = kept(ask(TaskStage.RUNNING, A, B))
    for after_s in (60, 120):
        progress = kept(ask(TaskStage.RUNNING, A, B, progress=progress, after_s=after_s))
    assert ask(TaskStage.RUNNING, A, B, progress=progress, after_s=180) == Finished((A, B), partial=False)


@pytest.mark.parametrize("stage", [TaskStage.RUNNING, TaskStage.DONE])
def test_a_task_that_goes_back_forgets_that_it_looked_finished(stage: TaskStage) -> None:
    progress = kept(ask(TaskStage.RUNNING, A, B))
    assert progress.settling_at == NOW
    if stage is TaskStage.RUNNING:
        assert kept(ask(stage, A, B_STREAMING, progress=progress, after_s=5)).settling_at is None
    else:
        assert ask(stage, A, B, progress=progress, after_s=5) == Finished((A, B), partial=False)
