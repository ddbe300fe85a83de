from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import AccountError, NoAnswerError, ProviderError, RejectedError, UnknownTaskError
from bot.domain.polling import PollLimits
from bot.domain.provider_tasks import TaskReport, TaskStage
from bot.domain.requests import FailureKind, State
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import UnitOfWork
from tests.fakes.provider import done, two_clips
from tests.harness.services import ADA, BEN, START, ServicesHarness, harness


async def failure_of(home: ServicesHarness, request_id: int) -> FailureKind | None:
    request = await home.request(request_id)
    return request.failure.kind if request.failure else None


async def test_a_new_task_is_first_asked_about_when_it_may_be_finished(home: ServicesHarness) -> None:
    await home.making()
    assert await home.follow() == 0
    due_at = await home.follower.next_due_at()
    assert due_at is not None
    assert START + timedelta(seconds=20) < due_at <= START + timedelta(seconds=30)
    home.clock.advance(30)
    assert await home.follow() == 1


async def test_a_finished_song_uses_the_credits(home: ServicesHarness) -> None:
    request_id = await home.ready()
    request = await home.request(request_id)
    assert request.state is State.READY
    assert request.clips == two_clips("task-1")
    assert not request.partial
    statement = await home.credits()
    assert (statement.available, statement.held, statement.used) == (60, 0, 30)


async def test_the_usual_time_is_learned_from_finished_songs(home: ServicesHarness) -> None:
    await home.ready()
    durations = await home.store.read(lambda work: work.durations.get("v55"))
    assert durations.count == 1
    assert durations.median_s < 101


async def test_a_failed_task_gives_the_credits_back(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await home.making()
    home.provider.fail("task-1", "upstream bizCode=451, msg=prompt_unsafe")
    home.clock.advance(31)
    await home.follow()
    assert await failure_of(home, request_id) is FailureKind.MODERATED
    assert (await home.request(request_id)).state is State.FAILED
    assert (await home.credits()).available == 90
    assert "prompt_unsafe" in caplog.text


async def test_a_task_that_fails_for_want_of_credits_is_the_operators(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await home.making()
    home.provider.fail("task-1", "积分不足")
    home.clock.advance(31)
    await home.follow()
    assert await failure_of(home, request_id) is FailureKind.OPERATOR
    assert "OPERATOR: a task failed for the account's sake: 积分不足" in caplog.text


async def test_an_account_that_takes_tasks_and_fails_them_is_tried_with_one_at_a_time(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    for user_id in (ADA, BEN):
        await home.making(user_id)
    for task in ("task-1", "task-2"):
        home.provider.fail(task, "insufficient credits")
    home.clock.advance(31)
    assert await home.follow() == 2
    for user_id in (ADA, BEN):
        await home.place(user_id)
    assert await home.submit() == 0
    home.clock.advance(60)
    assert [await home.submit(), await home.submit()] == [1, 0]
    home.provider.fail("task-3", "insufficient credits")
    home.clock.advance(31)
    await home.follow()
    home.clock.advance(119)
    assert await home.submit() == 0
    home.clock.advance(1)
    assert await home.submit() == 1
    home.provider.finish("task-4")
    home.clock.advance(31)
    await home.follow()
    await home.place()
    assert await home.submit() == 1
    assert caplog.text.count("OPERATOR:") == 1
    assert await home.breaches() == []


async def test_a_refused_question_stops_submissions_and_the_operator_hears_of_it_once(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await home.making()
    home.provider.say("task-1", AccountError(402, "insufficient credits"))
    await home.place(BEN)
    for _ in range(3):
        home.clock.advance(31)
        assert await home.follow() == 1
    assert caplog.text.count("OPERATOR: the provider refuses the key (code 402)") == 1
    assert home.provider.submitted[1:] == []


@pytest.mark.parametrize("error", [NoAnswerError("HTTP 500"), AccountError(401, "bad key")])
async def test_no_answer_is_borne_and_asked_again(home: ServicesHarness, error: ProviderError) -> None:
    request_id = await home.making()
    home.provider.say("task-1", error, done(*two_clips("task-1")))
    home.clock.advance(31)
    await home.follow()
    assert (await home.request(request_id)).state is State.MAKING
    home.clock.advance(31)
    await home.follow()
    assert (await home.request(request_id)).state is State.READY


async def test_a_pause_that_the_provider_asks_for_is_kept(home: ServicesHarness) -> None:
    await home.making()
    home.provider.say("task-1", NoAnswerError("429", retry_after_s=120))
    home.clock.advance(31)
    await home.follow()
    home.clock.advance(119)
    assert await home.follow() == 0
    home.clock.advance(1)
    assert await home.follow() == 1


async def test_a_task_may_be_unknown_for_half_a_minute_and_no_longer(tmp_path: Path) -> None:
    async with harness(tmp_path, pace=PollLimits(max_s=10)) as home:
        request_id = await home.making()
        home.provider.say("task-1", UnknownTaskError())
        for after_s in (29, 15):
            home.clock.advance(after_s)
            assert await home.follow() == 1
            assert (await home.request(request_id)).state is State.MAKING
        home.clock.advance(15)
        await home.follow()
        assert await failure_of(home, request_id) is FailureKind.LOST_TASK
        assert (await home.credits()).available == 90


async def test_a_definite_refusal_ends_the_request(home: ServicesHarness) -> None:
    request_id = await home.making()
    home.provider.say("task-1", RejectedError(451, "moderation"))
    home.clock.advance(31)
    await home.follow()
    assert await failure_of(home, request_id) is FailureKind.MODERATED


async def test_a_task_without_progress_expires_and_the_operator_learns_its_id(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with harness(tmp_path, give_up_s=60) as home:
        request_id = await home.making()
        for _ in range(4):
            home.clock.advance(31)
            await home.follow()
        assert (await home.request(request_id)).state is State.EXPIRED
        assert await failure_of(home, request_id) is FailureKind.SILENT
        assert (await home.credits()).available == 90
        assert "no progress for 60 s; task task-1 may still finish and be charged" in caplog.text


async def test_a_provider_out_of_reach_costs_no_song_for_a_day(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await home.making()
    home.provider.say("task-1", NoAnswerError("HTTP 502"))
    asked = 0
    while (await home.request(request_id)).state is State.MAKING:
        home.clock.advance(60)
        asked += await home.follow()
    assert asked == 24 * 60
    assert (await home.request(request_id)).state is State.EXPIRED
    assert await failure_of(home, request_id) is FailureKind.UNANSWERED
    assert (await home.credits()).available == 90
    assert "no answer for 86400 s; task task-1 may still finish and be charged" in caplog.text


@pytest.mark.parametrize("away_s", [3600, 3 * 86_400])
async def test_a_song_that_finished_while_the_bot_was_away_is_delivered(
    home: ServicesHarness, away_s: int
) -> None:
    request_id = await home.making()
    home.clock.advance(31)
    await home.follow()
    home.clock.advance(away_s)
    home.provider.say("task-1", NoAnswerError("HTTP 502"), done(*two_clips("task-1")))
    await home.follow()
    assert (await home.request(request_id)).state is State.MAKING
    home.clock.advance(31)
    await home.follow()
    assert (await home.request(request_id)).state is State.READY
    assert (await home.store.read(lambda work: work.durations.get("v55"))).count == 0


async def test_the_first_ready_clip_is_told_and_makes_asking_faster(home: ServicesHarness) -> None:
    request_id = await home.making()
    home.clock.advance(4)
    await home.tell()
    home.provider.half_finish("task-1")
    home.clock.advance(27)
    await home.follow()
    await home.tell()
    assert home.messenger.edits[-1].card.clips_ready == 1
    due_at = await home.follower.next_due_at()
    assert due_at is not None
    assert due_at - home.clock() < timedelta(seconds=10)
    assert (await home.request(request_id)).state is State.MAKING


async def test_questions_stay_within_the_budget(home: ServicesHarness) -> None:
    await home.making()
    home.clock.advance(31)
    budget = home.follower._budget
    budget.spend(budget.available(home.clock()))
    assert await home.follow() == 0
    home.clock.advance(1)
    assert await home.follow() == 1


async def test_the_budget_is_shared_with_the_other_processes(home: ServicesHarness) -> None:
    def others_are_there(uow: UnitOfWork) -> None:
        for process in ("a", "b"):
            until = home.clock() + timedelta(seconds=60)
            uow.processes.heartbeat(
                process, role="worker", shards=(), shard_count=1, now=home.clock(), until=until
            )

    await home.store.write(others_are_there)
    await home.making()
    home.clock.advance(31)
    await home.follow()
    assert home.follower._budget.available(home.clock()) == 9


async def test_a_dead_workers_request_is_taken_over_when_its_lease_is_out(home: ServicesHarness) -> None:
    request_id = await home.making()
    home.clock.advance(31)
    (claimed,) = await home.follower.claim(1)
    assert await home.follow() == 0
    home.clock.advance(45)
    home.provider.finish("task-1")
    assert await home.follow() == 1
    assert (await home.request(request_id)).state is State.READY
    await home.follower.handle(claimed)  # the first one comes back late: nothing happens twice
    assert (await home.credits()).used == 30


async def test_a_submission_that_was_cut_off_is_uncertain(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    card = await home.place()
    await home.submitter.claim(1)
    home.clock.advance(89)
    assert await home.follow() == 0
    home.clock.advance(1)
    await home.follow()
    assert await failure_of(home, card.request_id) is FailureKind.UNCERTAIN
    assert (await home.credits()).available == 90
    assert "a submission was cut off" in caplog.text


async def test_a_request_that_moved_meanwhile_is_left_alone(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await home.making()
    home.clock.advance(31)
    (claimed,) = await home.follower.claim(1)

    def forget(uow: UnitOfWork) -> None:
        assert claimed.progress is not None
        uow.requests.save_progress(claimed, progress=claimed.progress, next_at=home.clock())

    await home.store.write(forget)
    home.provider.say("task-1", TaskReport(TaskStage.FAILED, error="x", status="failed"))
    await home.follower.handle(claimed)
    assert (await home.request(request_id)).state is State.MAKING
    assert "another worker moved the request first" in caplog.text


async def test_the_count_of_requests_in_flight_is_looked_up_again_after_a_while(
    home: ServicesHarness,
) -> None:
    await home.making()
    home.clock.advance(31)
    await home.follow()
    await home.making()
    home.clock.advance(31)
    await home.follow()
    assert home.follower._in_flight == 2
    home.clock.advance(1)
    await home.follower.claim(1)
    assert (await home.credits(ADA)).held == 60


def test_moves_are_made_in_one_place_only() -> None:
    sources = (Path(apply_transition.__code__.co_filename).parent).glob("*.py")
    makers = [path.name for path in sources if "requests.transition(" in path.read_text(encoding="utf-8")]
    assert makers == ["transitions.py"]
