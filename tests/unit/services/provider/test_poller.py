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
from tests.harness.clock import START
from tests.harness.services import ADA, BEN, ServicesHarness, services_harness


async def failure_of(harness: ServicesHarness, request_id: int) -> FailureKind | None:
    request = await harness.request(request_id)
    return request.failure.kind if request.failure else None


async def test_a_new_task_is_first_asked_about_when_it_may_be_finished(harness: ServicesHarness) -> None:
    await harness.place_and_submit()
    assert await harness.poll() == 0
    due_at = await harness.poller.next_due_at()
    assert due_at is not None
    assert START + timedelta(seconds=20) < due_at <= START + timedelta(seconds=30)
    harness.clock.advance(30)
    assert await harness.poll() == 1


async def test_a_finished_song_uses_the_credits(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_finish()
    request = await harness.request(request_id)
    assert request.state is State.READY
    assert request.clips == two_clips("task-1")
    assert not request.partial
    statement = await harness.credits()
    assert (statement.available, statement.held, statement.used) == (60, 0, 30)


async def test_the_usual_time_is_learned_from_finished_songs(harness: ServicesHarness) -> None:
    await harness.place_and_finish()
    durations = await harness.store.read(lambda work: work.durations.get("v55"))
    assert durations.count == 1
    assert durations.median_s < 101


async def test_a_failed_task_gives_the_credits_back(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await harness.place_and_submit()
    harness.provider.fail("task-1", "upstream bizCode=451, msg=prompt_unsafe")
    harness.clock.advance(31)
    await harness.poll()
    assert await failure_of(harness, request_id) is FailureKind.MODERATED
    assert (await harness.request(request_id)).state is State.FAILED
    assert (await harness.credits()).available == 90
    assert "prompt_unsafe" in caplog.text


async def test_a_task_that_fails_for_want_of_credits_is_the_operators(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await harness.place_and_submit()
    harness.provider.fail("task-1", "积分不足")
    harness.clock.advance(31)
    await harness.poll()
    assert await failure_of(harness, request_id) is FailureKind.OPERATOR
    assert "OPERATOR: a task failed because of the account: 积分不足" in caplog.text


async def test_an_account_that_takes_tasks_and_fails_them_is_tried_with_one_at_a_time(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    for user_id in (ADA, BEN):
        await harness.place_and_submit(user_id)
    for task in ("task-1", "task-2"):
        harness.provider.fail(task, "insufficient credits")
    harness.clock.advance(31)
    assert await harness.poll() == 2
    for user_id in (ADA, BEN):
        await harness.place(user_id)
    assert await harness.submit() == 0
    harness.clock.advance(60)
    assert [await harness.submit(), await harness.submit()] == [1, 0]
    harness.provider.fail("task-3", "insufficient credits")
    harness.clock.advance(31)
    await harness.poll()
    harness.clock.advance(119)
    assert await harness.submit() == 0
    harness.clock.advance(1)
    assert await harness.submit() == 1
    harness.provider.finish("task-4")
    harness.clock.advance(31)
    await harness.poll()
    await harness.place()
    assert await harness.submit() == 1
    assert caplog.text.count("OPERATOR:") == 1
    assert await harness.breaches() == []


async def test_a_refused_question_stops_submissions_and_the_operator_hears_of_it_once(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.place_and_submit()
    harness.provider.say("task-1", AccountError(402, "insufficient credits"))
    await harness.place(BEN)
    for _ in range(3):
        harness.clock.advance(31)
        assert await harness.poll() == 1
    assert caplog.text.count("OPERATOR: the provider refuses the key (code 402)") == 1
    assert harness.provider.submitted[1:] == []


@pytest.mark.parametrize("error", [NoAnswerError("HTTP 500"), AccountError(401, "bad key")])
async def test_no_answer_is_borne_and_asked_again(harness: ServicesHarness, error: ProviderError) -> None:
    request_id = await harness.place_and_submit()
    harness.provider.say("task-1", error, done(*two_clips("task-1")))
    harness.clock.advance(31)
    await harness.poll()
    assert (await harness.request(request_id)).state is State.MAKING
    harness.clock.advance(31)
    await harness.poll()
    assert (await harness.request(request_id)).state is State.READY


async def test_a_pause_that_the_provider_asks_for_is_kept(harness: ServicesHarness) -> None:
    await harness.place_and_submit()
    harness.provider.say("task-1", NoAnswerError("429", retry_after_s=120))
    harness.clock.advance(31)
    await harness.poll()
    harness.clock.advance(119)
    assert await harness.poll() == 0
    harness.clock.advance(1)
    assert await harness.poll() == 1


async def test_a_task_may_be_unknown_for_half_a_minute_and_no_longer(tmp_path: Path) -> None:
    async with services_harness(tmp_path, pace=PollLimits(max_s=10)) as harness:
        request_id = await harness.place_and_submit()
        harness.provider.say("task-1", UnknownTaskError())
        for after_s in (29, 15):
            harness.clock.advance(after_s)
            assert await harness.poll() == 1
            assert (await harness.request(request_id)).state is State.MAKING
        harness.clock.advance(15)
        await harness.poll()
        assert await failure_of(harness, request_id) is FailureKind.LOST_TASK
        assert (await harness.credits()).available == 90


async def test_a_definite_refusal_ends_the_request(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_submit()
    harness.provider.say("task-1", RejectedError(451, "moderation"))
    harness.clock.advance(31)
    await harness.poll()
    assert await failure_of(harness, request_id) is FailureKind.MODERATED


async def test_a_task_without_progress_expires_and_the_operator_learns_its_id(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with services_harness(tmp_path, give_up_s=60) as harness:
        request_id = await harness.place_and_submit()
        for _ in range(4):
            harness.clock.advance(31)
            await harness.poll()
        assert (await harness.request(request_id)).state is State.EXPIRED
        assert await failure_of(harness, request_id) is FailureKind.SILENT
        assert (await harness.credits()).available == 90
        assert "no progress for 60 s; task task-1 may still finish and be charged" in caplog.text


async def test_a_provider_out_of_reach_costs_no_song_for_a_day(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await harness.place_and_submit()
    harness.provider.say("task-1", NoAnswerError("HTTP 502"))
    asked = 0
    while (await harness.request(request_id)).state is State.MAKING:
        harness.clock.advance(60)
        asked += await harness.poll()
    assert asked == 24 * 60
    assert (await harness.request(request_id)).state is State.EXPIRED
    assert await failure_of(harness, request_id) is FailureKind.UNANSWERED
    assert (await harness.credits()).available == 90
    assert "no answer for 86400 s; task task-1 may still finish and be charged" in caplog.text


@pytest.mark.parametrize("away_s", [3600, 3 * 86_400])
async def test_a_song_that_finished_while_the_bot_was_away_is_delivered(
    harness: ServicesHarness, away_s: int
) -> None:
    request_id = await harness.place_and_submit()
    harness.clock.advance(31)
    await harness.poll()
    harness.clock.advance(away_s)
    harness.provider.say("task-1", NoAnswerError("HTTP 502"), done(*two_clips("task-1")))
    await harness.poll()
    assert (await harness.request(request_id)).state is State.MAKING
    harness.clock.advance(31)
    await harness.poll()
    assert (await harness.request(request_id)).state is State.READY
    assert (await harness.store.read(lambda work: work.durations.get("v55"))).count == 0


async def test_the_first_ready_clip_is_told_and_makes_asking_faster(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_submit()
    harness.clock.advance(4)
    await harness.dispatch()
    harness.provider.half_finish("task-1")
    harness.clock.advance(27)
    await harness.poll()
    await harness.dispatch()
    assert harness.messenger.edits[-1].card.clips_ready == 1
    due_at = await harness.poller.next_due_at()
    assert due_at is not None
    assert due_at - harness.clock() < timedelta(seconds=10)
    assert (await harness.request(request_id)).state is State.MAKING


async def test_questions_stay_within_the_budget(harness: ServicesHarness) -> None:
    await harness.place_and_submit()
    harness.clock.advance(31)
    budget = harness.poller._bucket
    budget.spend(budget.available(harness.clock()))
    assert await harness.poll() == 0
    harness.clock.advance(1)
    assert await harness.poll() == 1


async def test_the_budget_is_shared_with_the_other_processes(harness: ServicesHarness) -> None:
    def others_are_there(uow: UnitOfWork) -> None:
        for process in ("a", "b"):
            until = harness.clock() + timedelta(seconds=60)
            uow.processes.heartbeat(
                process, role="worker", shards=(), shard_count=1, now=harness.clock(), until=until
            )

    await harness.store.write(others_are_there)
    await harness.place_and_submit()
    harness.clock.advance(31)
    await harness.poll()
    assert harness.poller._bucket.available(harness.clock()) == 9


async def test_a_dead_workers_request_is_taken_over_when_its_lease_is_out(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_submit()
    harness.clock.advance(31)
    (claimed,) = await harness.poller.claim(1)
    assert await harness.poll() == 0
    harness.clock.advance(45)
    harness.provider.finish("task-1")
    assert await harness.poll() == 1
    assert (await harness.request(request_id)).state is State.READY
    await harness.poller.handle(claimed)  # the first one comes back late: nothing happens twice
    assert (await harness.credits()).used == 30


async def test_a_submission_that_was_cut_off_is_uncertain(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    card = await harness.place()
    await harness.submitter.claim(1)
    harness.clock.advance(89)
    assert await harness.poll() == 0
    harness.clock.advance(1)
    await harness.poll()
    assert await failure_of(harness, card.request_id) is FailureKind.UNCERTAIN
    assert (await harness.credits()).available == 90
    assert "a submission was cut off" in caplog.text


async def test_a_request_that_moved_meanwhile_is_left_alone(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await harness.place_and_submit()
    harness.clock.advance(31)
    (claimed,) = await harness.poller.claim(1)

    def forget(uow: UnitOfWork) -> None:
        assert claimed.progress is not None
        uow.requests.save_progress(claimed, progress=claimed.progress, next_at=harness.clock())

    await harness.store.write(forget)
    harness.provider.say("task-1", TaskReport(TaskStage.FAILED, error="x", status="failed"))
    await harness.poller.handle(claimed)
    assert (await harness.request(request_id)).state is State.MAKING
    assert "another worker changed the request first" in caplog.text


async def test_the_count_of_requests_in_flight_is_looked_up_again_after_a_while(
    harness: ServicesHarness,
) -> None:
    await harness.place_and_submit()
    harness.clock.advance(31)
    await harness.poll()
    await harness.place_and_submit()
    harness.clock.advance(31)
    await harness.poll()
    assert harness.poller._in_flight == 2
    harness.clock.advance(1)
    await harness.poller.claim(1)
    assert (await harness.credits(ADA)).held == 60


def test_moves_are_made_in_one_place_only() -> None:
    sources = (Path(apply_transition.__code__.co_filename).parent).glob("*.py")
    makers = [path.name for path in sources if "requests.transition(" in path.read_text(encoding="utf-8")]
    assert makers == ["transitions.py"]
