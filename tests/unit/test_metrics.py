import asyncio
from dataclasses import replace
from pathlib import Path

import aiohttp
import discord
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from bot.domain.errors import (
    AccountError,
    MalformedError,
    MessengerError,
    NoAccessError,
    NoAnswerError,
    NotAcceptedError,
    OutcomeUnknownError,
    RejectedError,
    RetryableError,
)
from bot.domain.requests import Request
from bot.domain.transitions import Transition
from bot.metrics.prometheus import TASKS_KEPT, PrometheusMetrics
from bot.metrics.registry import MetricsRegistry
from bot.metrics.response_times import KEPT, ResponseTimes
from bot.services.metrics import Metrics, NullMetrics, PollOutcome, SentMessage
from bot.services.provider.poller import Poller
from bot.services.provider.submitter import ProviderLimits, Submitter
from tests.harness.services import ServicesHarness, services_harness

ASKED = "inspire_provider_polls_total"
SUBMITTED = "inspire_submissions_total"
ANSWERS = "inspire_answer_duration_seconds_count"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    found = registry.get_sample_value(name, labels)
    assert found is not None, name
    return found


def measured(harness: ServicesHarness, given: Metrics) -> ServicesHarness:
    """Replace the submitter and the poller by ones that report to `given`; return the harness."""
    limits = ProviderLimits(slots=2)
    harness.submitter = Submitter(
        harness.store,
        harness.provider,
        owner="w1",
        limits=limits,
        clock=harness.clock,
        metrics=given,
    )
    harness.poller = Poller(
        harness.store,
        harness.provider,
        owner="w1",
        limits=limits,
        give_up_s=900,
        clock=harness.clock,
        random=lambda: 0.5,
        metrics=given,
    )
    return harness


async def task_of(harness: ServicesHarness, request_id: int) -> str:
    task_id = (await harness.request(request_id)).task_id
    assert task_id is not None
    return task_id


async def a_request(folder: Path) -> Request:
    async with services_harness(folder) as harness:
        return await harness.request(await harness.place_and_submit())


async def test_a_song_is_timed_and_its_questions_are_counted(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    async with services_harness(tmp_path) as plain:
        harness = measured(plain, PrometheusMetrics(registry))
        request_id = await harness.place_and_submit()
        harness.clock.advance(50)
        await harness.poll()
        harness.provider.finish(await task_of(harness, request_id))
        harness.clock.advance(50)
        await harness.poll()
    assert value(registry, SUBMITTED, outcome="accept") == 1
    assert value(registry, ASKED, outcome="answered") == 2
    assert value(registry, "inspire_song_duration_seconds_sum", model="v55") == 100
    assert value(registry, "inspire_song_duration_seconds_bucket", model="v55", le="105.0") == 1
    assert value(registry, "inspire_song_duration_seconds_bucket", model="v55", le="90.0") == 0
    assert value(registry, "inspire_song_polls_sum") == 2
    assert value(registry, "inspire_song_polls_count") == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NoAnswerError("reset"), PollOutcome.NO_ANSWER),
        (AccountError(401, "no"), PollOutcome.ACCOUNT),
        (RejectedError(451, "no"), PollOutcome.REFUSED),
        (None, PollOutcome.UNKNOWN_TASK),
    ],
)
async def test_each_outcome_of_a_question_is_counted(
    tmp_path: Path,
    registry: CollectorRegistry,
    error: NoAnswerError | RejectedError | None,
    outcome: PollOutcome,
) -> None:
    async with services_harness(tmp_path) as plain:
        harness = measured(plain, PrometheusMetrics(registry))
        task_id = await task_of(harness, await harness.place_and_submit())
        harness.provider.say(task_id, *([error] if error else []))
        harness.clock.advance(60)
        await harness.poll()
    counted = {other: value(registry, ASKED, outcome=other.value) for other in PollOutcome}
    assert counted == {other: float(other is outcome) for other in PollOutcome}


@pytest.mark.parametrize(
    ("error", "transition"),
    [
        (NotAcceptedError("429", busy=True), Transition.REQUEUE),
        (RejectedError(400, "no"), Transition.REFUSE),
        (OutcomeUnknownError("reset"), Transition.MARK_UNCERTAIN),
    ],
)
async def test_each_outcome_of_a_submission_is_counted(
    tmp_path: Path,
    registry: CollectorRegistry,
    error: NotAcceptedError | RejectedError | OutcomeUnknownError,
    transition: Transition,
) -> None:
    async with services_harness(tmp_path) as plain:
        harness = measured(plain, PrometheusMetrics(registry))
        harness.provider.submit_answers.append(error)
        await harness.place_and_submit()
    counted = {
        other: value(registry, SUBMITTED, outcome=other)
        for other in ("accept", "requeue", "refuse", "mark_uncertain")
    }
    assert counted == {other: float(other == transition.value) for other in counted}


async def test_a_song_that_another_process_had_followed_has_no_number_of_questions(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    request = await a_request(tmp_path)
    assert request.progress is not None
    taken_over = replace(request, progress=replace(request.progress, fingerprint="running"))
    counting = PrometheusMetrics(registry)
    counting.polled(taken_over, PollOutcome.ANSWERED)
    counting.polled(replace(request, progress=None), PollOutcome.UNKNOWN_TASK)
    counting.finished(taken_over, song_s=100)
    assert value(registry, "inspire_song_duration_seconds_count", model="v55") == 1
    assert value(registry, "inspire_song_polls_count") == 0


async def test_tasks_that_nobody_finished_are_forgotten(tmp_path: Path, registry: CollectorRegistry) -> None:
    request = await a_request(tmp_path)
    counting = PrometheusMetrics(registry)
    for number in range(TASKS_KEPT + 1):
        counting.polled(replace(request, id=number), PollOutcome.ANSWERED)
    for number, count in ((0, 0), (1, 1)):
        counting.finished(replace(request, id=number), song_s=100)
        assert value(registry, "inspire_song_polls_count") == count


def press(client: discord.Client, number: int) -> discord.Interaction[discord.Client]:
    """The press of a button, as Discord's gateway tells it."""
    data = {
        "id": str(number),
        "application_id": "1",
        "type": discord.InteractionType.component.value,
        "token": "t",
        "version": 1,
        "attachment_size_limit": 0,
        "user": {"id": "1", "username": "ada", "discriminator": "0", "avatar": None},
        "data": {"component_type": 2, "custom_id": "x"},
    }
    return discord.Interaction(data=data, state=client._connection)  # type: ignore[arg-type] # as it comes


async def test_interactions_that_are_never_answered_are_forgotten(registry: CollectorRegistry) -> None:
    async def take(_: web.Request) -> web.Response:
        return web.Response(status=204)

    times, client = ResponseTimes(registry), discord.Client(intents=discord.Intents.none())
    for number in range(KEPT + 1):
        await times.arrived(press(client, number))
    app = web.Application()
    app.router.add_post("/interactions/{id}/t/callback", take)
    async with (
        TestServer(app) as discord_api,
        aiohttp.ClientSession(trace_configs=[times.trace()]) as session,
    ):
        for number, count in ((0, None), (1, 1)):
            async with session.post(discord_api.make_url(f"/interactions/{number}/t/callback")):
                pass
            assert registry.get_sample_value(ANSWERS, {"command": "component"}) == count


def test_messages_and_the_reasons_against_them_are_counted(registry: CollectorRegistry) -> None:
    counting = PrometheusMetrics(registry)
    counting.message_sent(SentMessage.RESULT)
    counting.message_failed(SentMessage.STATUS, RetryableError("429", 1.0))
    counting.message_failed(SentMessage.STATUS, NoAccessError("missing access"))
    counting.message_failed(SentMessage.ENDING, MessengerError())
    counting.message_failed(SentMessage.RESULT, MalformedError("400 50035"))
    failures = "inspire_discord_message_failures_total"
    assert value(registry, "inspire_discord_messages_total", message="result") == 1
    assert value(registry, "inspire_discord_messages_total", message="status") == 0
    assert value(registry, failures, message="status", reason="retryable") == 1
    assert value(registry, failures, message="status", reason="no_access") == 1
    assert value(registry, failures, message="ending", reason="other") == 1
    assert value(registry, failures, message="result", reason="bug") == 1
    assert value(registry, failures, message="result", reason="invalid") == 0


async def test_where_nothing_is_measured_nothing_happens(tmp_path: Path) -> None:
    request = await a_request(tmp_path)
    nothing = NullMetrics()
    nothing.submitted(Transition.ACCEPT)
    nothing.polled(request, PollOutcome.ANSWERED)
    nothing.finished(request, song_s=1)
    nothing.message_sent(SentMessage.STATUS)
    nothing.message_failed(SentMessage.STATUS, MessengerError())


async def test_the_lag_of_the_event_loop_is_measured() -> None:
    now, wakes = 0.0, iter([0.0, 0.04, 0.3])
    metrics = MetricsRegistry()

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


class BusyWorker:
    def __init__(self, name: str) -> None:
        self.name = name
        self.running = 0


async def test_what_is_running_is_counted_when_the_page_is_read() -> None:
    metrics, worker = MetricsRegistry(), BusyWorker("outbox")
    metrics.watch_workers([worker])
    worker.running = 3
    page, content_type = await metrics.page("")
    assert b'inspire_worker_running{worker="outbox"} 3.0' in page
    assert content_type.startswith("text/plain")
    worker.running = 0
    page, content_type = await metrics.page("application/openmetrics-text; version=1.0.0")
    assert b'inspire_worker_running{worker="outbox"} 0.0' in page
    assert content_type.startswith("application/openmetrics-text")


async def test_every_process_has_metrics_of_its_own() -> None:
    first, second = MetricsRegistry(), MetricsRegistry()
    first.for_services.message_sent(SentMessage.RESULT)
    assert b'inspire_discord_messages_total{message="result"} 1.0' in (await first.page(""))[0]
    assert b'inspire_discord_messages_total{message="result"} 0.0' in (await second.page(""))[0]


async def test_no_label_names_a_request_a_member_or_a_server(tmp_path: Path) -> None:
    async with services_harness(tmp_path) as plain:
        metrics = MetricsRegistry()
        metrics.watch_database(plain.store)
        harness = measured(plain, metrics.for_services)
        request_id = await harness.place_and_finish()
        await harness.poll()
        request = await harness.request(request_id)
        page = (await metrics.page(""))[0].decode()
    for unbounded in (request.id, request.user_id, request.guild_id, request.task_id):
        assert f'"{unbounded}"' not in page
