import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.app import Application
from sandbox.cqtai import Pace
from sandbox.cqtai import faults as provider_faults
from sandbox.cqtai.effects import TASK_LIMIT
from sandbox.discord import Fault, FaultKind
from tests.harness.bot import LONG_S, BotHarness
from tests.operations.monitoring import Monitor, free_port, watching

CALLBACK = "POST /interactions/*"
ANSWERS = "inspire_answer_duration_seconds_count"
FAILURES = "inspire_discord_answer_failures_total"


@dataclass(frozen=True, slots=True)
class Watched:
    """A running bot and someone who watches it."""

    app: Application
    watch: Monitor


@pytest.fixture
async def watched(local: BotHarness) -> AsyncIterator[Watched]:
    port = free_port()
    async with local.bot(http_port=port) as app, watching(port) as watch:
        yield Watched(app, watch)


async def test_a_song_leaves_its_traces_in_the_metrics(local: BotHarness, watched: Watched) -> None:
    await local.placed_result()
    watch = watched.watch
    assert await watch.value(ANSWERS, command="inspire") == 1
    assert await watch.value("inspire_submissions_total", outcome="accept") == 1
    assert await watch.value("inspire_song_duration_seconds_count", model="v55") == 1
    assert await watch.value("inspire_song_polls_count") == 1
    assert await watch.value("inspire_discord_messages_total", message="result") == 1
    assert (await watch.value("inspire_discord_messages_total", message="status") or 0) >= 1
    assert await watch.value("inspire_requests", state="delivered") == 1
    assert await watch.value("inspire_credits", part="used") == 30
    assert await watch.value("inspire_database_up") == 1
    assert await watch.value("inspire_provider_outage", kind="outage") == 0
    assert (await watch.value("inspire_provider_polls_total", outcome="answered") or 0) >= 1
    for worker in ("submitter", "poller", "outbox"):
        assert await watch.value("inspire_worker_running", worker=worker) is not None
    assert (await watch.value("process_resident_memory_bytes") or 0) > 2**20
    assert (await watch.value("inspire_event_loop_lag_seconds_count") or 0) >= 1


async def test_names_and_units_are_as_prometheus_wants_them(local: BotHarness, watched: Watched) -> None:
    await local.placed_result()
    _, page = await watched.watch.get("/metrics")
    kinds = dict(line.split()[2:4] for line in page.splitlines() if line.startswith("# TYPE"))
    ours = {name: kind for name, kind in kinds.items() if name.startswith("inspire_")}
    assert len(ours) >= 14
    created = {name for name in ours if name.endswith("_created")}
    for name, kind in ours.items():
        assert (kind == "counter") == name.endswith("_total"), name
        if ("duration" in name or "lag" in name) and name not in created:
            assert name.endswith("_seconds"), name


async def test_all_that_a_member_may_do_is_timed_by_its_kind(local: BotHarness, watched: Watched) -> None:
    local.provider.faults.add(provider_faults.Fault(provider_faults.Phase.SUBMIT, TASK_LIMIT, times=None))
    await local.place("Ben")
    waiting = await local.place()  # and it goes on waiting: the provider is busy
    await local.credits()
    await local.ada.autocomplete("songs", "cancel", request="", timeout_s=LONG_S)
    pressed = await local.ada.press(waiting, "Cancel")
    await pressed.acknowledged(timeout_s=LONG_S)
    watched.app.client.tree.remove_command("credits")
    await (await local.ada.slash("songs", "credits")).answer(timeout_s=LONG_S)
    kinds = {
        labels[0][1]: value
        for (name, labels), value in (await watched.watch.samples()).items()
        if name == ANSWERS
    }
    assert kinds == {"inspire": 2, "credits": 1, "autocomplete": 1, "component": 1, "unknown": 1}


async def test_an_answer_that_discord_does_not_take_is_counted(local: BotHarness, watched: Watched) -> None:
    local.discord.faults.add(Fault(kind=FaultKind.STATUS, on=CALLBACK, status=503))
    await local.place()
    assert await watched.watch.value(FAILURES, status="503") == 1
    assert await watched.watch.value(ANSWERS, command="inspire") == 1


async def test_an_answer_that_is_cut_off_is_counted(local: BotHarness, watched: Watched) -> None:
    local.discord.faults.add(Fault(kind=FaultKind.RESET, on=CALLBACK))
    await local.place()
    assert await watched.watch.value(FAILURES, status="no_reply") == 1
    assert await watched.watch.value(ANSWERS, command="inspire") == 1


async def test_a_bot_that_is_well_is_alive_and_ready(watched: Watched) -> None:
    assert await watched.watch.get("/healthz") == (200, '{"status": "ok"}')
    assert await watched.watch.get("/readyz") == (200, '{"status": "ready"}')


async def test_a_bot_without_a_gateway_is_not_ready_until_it_is_back(
    local: BotHarness, watched: Watched
) -> None:
    async with asyncio.timeout(LONG_S):
        await local.discord.__aexit__(None, None, None)
        said = await watched.watch.until("/readyz", lambda status, _: status == 503)
        assert "not connected to Discord" in said
        assert (await watched.watch.get("/healthz"))[0] == 200
        await local.discord.__aenter__()
        await watched.watch.until("/readyz", lambda status, _: status == 200)


async def test_a_worker_that_hangs_is_named(local: BotHarness) -> None:
    local.hurry({"work.stalled_s": -1.0})  # nobody can look for work so often
    port = free_port()
    async with local.bot(http_port=port), watching(port) as watch:
        status, said = await watch.get("/healthz")
    assert status == 503
    assert "submitter, poller, outbox, cleanup: no look for work for" in said


async def test_what_is_under_way_is_counted_while_it_is(local: BotHarness, watched: Watched) -> None:
    local.provider.pace = Pace(60.0)
    await local.shows(await local.place(), "Making your song")
    assert await watched.watch.value("inspire_requests", state="making") == 1
    assert await watched.watch.value("inspire_credits", part="held") == 30
