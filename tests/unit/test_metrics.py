import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from bot.domain.errors import (
    AccountError,
    AnnounceError,
    MalformedError,
    NoAccessError,
    NoAnswerError,
    NotAcceptedError,
    OutcomeUnknownError,
    RejectedError,
    TryLaterError,
)
from bot.domain.polling import Pace
from bot.domain.requests import Move, Request
from bot.metrics import meter
from bot.metrics.meter import PrometheusMeter
from bot.metrics.page import Metrics
from bot.services.following import Follower
from bot.services.ports import Meter, Question, Telling, Unmetered
from bot.services.submitting import Submitter
from tests.unit.services.house import House, house

ASKED = "inspire_provider_questions_total"
SUBMITTED = "inspire_submissions_total"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    found = registry.get_sample_value(name, labels)
    assert found is not None, name
    return found


def measured(home: House, given: Meter) -> House:
    """The same house, whose desks tell the meter."""
    home.submitter = Submitter(
        home.store,
        home.provider,
        owner="w1",
        places=2,
        pace=Pace(),
        clock=home.clock,
        meter=given,
    )
    home.follower = Follower(
        home.store,
        home.provider,
        owner="w1",
        pace=Pace(),
        give_up_s=900,
        places=2,
        clock=home.clock,
        chance=lambda: 0.5,
        meter=given,
    )
    return home


async def task_of(home: House, request_id: int) -> str:
    task_id = (await home.request(request_id)).task_id
    assert task_id is not None
    return task_id


async def a_request(folder: Path) -> Request:
    async with house(folder) as home:
        return await home.request(await home.making())


async def test_a_song_is_timed_and_its_questions_are_counted(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    async with house(tmp_path) as plain:
        home = measured(plain, PrometheusMeter(registry))
        request_id = await home.making()
        home.clock.turn(50)
        await home.follow()
        home.provider.finish(await task_of(home, request_id))
        home.clock.turn(50)
        await home.follow()
    assert value(registry, SUBMITTED, outcome="accept") == 1
    assert value(registry, ASKED, outcome="answered") == 2
    assert value(registry, "inspire_song_duration_seconds_sum", model="v55") == 100
    assert value(registry, "inspire_song_duration_seconds_bucket", model="v55", le="105.0") == 1
    assert value(registry, "inspire_song_duration_seconds_bucket", model="v55", le="90.0") == 0
    assert value(registry, "inspire_song_questions_sum") == 2
    assert value(registry, "inspire_song_questions_count") == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NoAnswerError("reset"), Question.NO_ANSWER),
        (AccountError(401, "no"), Question.ACCOUNT),
        (RejectedError(451, "no"), Question.REFUSED),
        (None, Question.UNKNOWN_TASK),
    ],
)
async def test_each_outcome_of_a_question_is_counted(
    tmp_path: Path,
    registry: CollectorRegistry,
    error: NoAnswerError | RejectedError | None,
    outcome: Question,
) -> None:
    async with house(tmp_path) as plain:
        home = measured(plain, PrometheusMeter(registry))
        task_id = await task_of(home, await home.making())
        home.provider.say(task_id, *([error] if error else []))
        home.clock.turn(60)
        await home.follow()
    counted = {other: value(registry, ASKED, outcome=other.value) for other in Question}
    assert counted == {other: float(other is outcome) for other in Question}


@pytest.mark.parametrize(
    ("error", "move"),
    [
        (NotAcceptedError("429", busy=True), Move.PUT_BACK),
        (RejectedError(400, "no"), Move.REFUSE),
        (OutcomeUnknownError("reset"), Move.DOUBT),
    ],
)
async def test_each_outcome_of_a_submission_is_counted(
    tmp_path: Path,
    registry: CollectorRegistry,
    error: NotAcceptedError | RejectedError | OutcomeUnknownError,
    move: Move,
) -> None:
    async with house(tmp_path) as plain:
        home = measured(plain, PrometheusMeter(registry))
        home.provider.submit_answers.append(error)
        await home.making()
    counted = {
        other: value(registry, SUBMITTED, outcome=other)
        for other in ("accept", "put_back", "refuse", "doubt")
    }
    assert counted == {other: float(other == move.value) for other in counted}


async def test_a_song_that_another_process_had_followed_has_no_number_of_questions(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    request = await a_request(tmp_path)
    assert request.watch is not None
    taken_over = replace(request, watch=replace(request.watch, mark="running"))
    counting = PrometheusMeter(registry)
    counting.asked(taken_over, Question.ANSWERED)
    counting.asked(replace(request, watch=None), Question.UNKNOWN_TASK)
    counting.finished(taken_over, song_s=100)
    assert value(registry, "inspire_song_duration_seconds_count", model="v55") == 1
    assert value(registry, "inspire_song_questions_count") == 0


async def test_tasks_that_nobody_finished_are_forgotten(
    tmp_path: Path, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "TASKS_KEPT", 2)
    request = await a_request(tmp_path)
    counting = PrometheusMeter(registry)
    for number in range(3):
        counting.asked(replace(request, id=number), Question.ANSWERED)
    for number in range(3):
        counting.finished(replace(request, id=number), song_s=100)
    assert value(registry, "inspire_song_questions_count") == 2


def test_messages_and_the_reasons_against_them_are_counted(registry: CollectorRegistry) -> None:
    counting = PrometheusMeter(registry)
    counting.told(Telling.RESULT)
    counting.not_told(Telling.STATUS, TryLaterError("429", 1.0))
    counting.not_told(Telling.STATUS, NoAccessError("missing access"))
    counting.not_told(Telling.ENDING, AnnounceError())
    counting.not_told(Telling.RESULT, MalformedError("400 50035"))
    failures = "inspire_discord_message_failures_total"
    assert value(registry, "inspire_discord_messages_total", message="result") == 1
    assert value(registry, "inspire_discord_messages_total", message="status") == 0
    assert value(registry, failures, message="status", reason="try_later") == 1
    assert value(registry, failures, message="status", reason="no_access") == 1
    assert value(registry, failures, message="ending", reason="other") == 1
    assert value(registry, failures, message="result", reason="bug") == 1
    assert value(registry, failures, message="result", reason="unsendable") == 0


async def test_where_nothing_is_measured_nothing_happens(tmp_path: Path) -> None:
    request = await a_request(tmp_path)
    nothing = Unmetered()
    nothing.submitted(Move.ACCEPT)
    nothing.asked(request, Question.ANSWERED)
    nothing.finished(request, song_s=1)
    nothing.told(Telling.STATUS)
    nothing.not_told(Telling.STATUS, AnnounceError())


async def test_the_lag_of_the_event_loop_is_measured() -> None:
    now, wakes = 0.0, iter([0.0, 0.04, 0.3])
    metrics = Metrics()

    async def sleep(seconds: float) -> None:
        nonlocal now
        late_s = next(wakes, None)
        if late_s is None:
            raise asyncio.CancelledError
        now += seconds + late_s

    with pytest.raises(asyncio.CancelledError):
        await metrics.watch_loop(sleep=sleep, clock=lambda: now)
    shown = samples((await metrics.page(""))[0])
    assert shown["inspire_event_loop_lag_seconds_count"] == 3
    assert shown["inspire_event_loop_lag_seconds_sum"] == pytest.approx(0.34)


def samples(page: bytes) -> dict[str, float]:
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


class Hands:
    def __init__(self, name: str) -> None:
        self.name = name
        self.in_hand = 0


async def test_what_is_in_hand_is_what_it_is_when_the_page_is_read() -> None:
    metrics, worker = Metrics(), Hands("courier")
    metrics.watch_workers([worker])
    worker.in_hand = 3
    page, content_type = await metrics.page("")
    assert b'inspire_worker_in_hand{worker="courier"} 3.0' in page
    assert content_type.startswith("text/plain")
    worker.in_hand = 0
    page, content_type = await metrics.page("application/openmetrics-text; version=1.0.0")
    assert b'inspire_worker_in_hand{worker="courier"} 0.0' in page
    assert content_type.startswith("application/openmetrics-text")


async def test_every_process_has_metrics_of_its_own() -> None:
    first, second = Metrics(), Metrics()
    first.meter.told(Telling.RESULT)
    assert b'inspire_discord_messages_total{message="result"} 1.0' in (await first.page(""))[0]
    assert b'inspire_discord_messages_total{message="result"} 0.0' in (await second.page(""))[0]


async def test_no_label_names_a_request_a_member_or_a_server(tmp_path: Path) -> None:
    async with house(tmp_path) as plain:
        metrics = Metrics()
        metrics.watch_books(plain.store)
        home = measured(plain, metrics.meter)
        request_id = await home.ready()
        await home.follow()
        request = await home.request(request_id)
        page = (await metrics.page(""))[0].decode()
    for unbounded in (request.id, request.user_id, request.guild_id, request.task_id):
        assert f'"{unbounded}"' not in page
