"""The rate of wake-ups."""

import asyncio

import pytest

from bot.services.ports import WorkQueue
from bot.storage.wakeups import MIN_INTERVAL_S, WakeUps

LONG_S = 30
OUTBOX, POLLS = WorkQueue.OUTBOX, WorkQueue.POLLS


@pytest.fixture
def calls() -> list[str]:
    return []


async def test_everybody_who_subscribed_hears_of_it_at_once(calls: list[str]) -> None:
    wake_ups = WakeUps()
    wake_ups.subscribe(OUTBOX, lambda: calls.append("one"))
    wake_ups.subscribe(OUTBOX, lambda: calls.append("other"))
    wake_ups.notify([OUTBOX])
    assert calls == ["one", "other"]


async def test_however_often_they_are_pulled_they_ring_once_more_after_a_rest(calls: list[str]) -> None:
    wake_ups, again = WakeUps(), asyncio.Event()

    def callback() -> None:
        calls.append("")
        if len(calls) == 2:
            again.set()

    wake_ups.subscribe(OUTBOX, callback)
    for _ in range(100):
        wake_ups.notify([OUTBOX])
    assert len(calls) == 1
    async with asyncio.timeout(LONG_S):
        await again.wait()
    assert len(calls) == 2


async def test_after_a_rest_in_which_nothing_came_they_ring_at_once(calls: list[str]) -> None:
    wake_ups = WakeUps()
    wake_ups.subscribe(OUTBOX, lambda: calls.append(""))
    wake_ups.notify([OUTBOX])
    await asyncio.sleep(2 * MIN_INTERVAL_S)  # behind the end of the rest
    assert len(calls) == 1
    wake_ups.notify([OUTBOX])
    assert len(calls) == 2


async def test_what_has_not_rung_when_they_are_stopped_never_rings(calls: list[str]) -> None:
    wake_ups = WakeUps()
    wake_ups.subscribe(OUTBOX, lambda: calls.append(""))
    wake_ups.notify([OUTBOX])
    wake_ups.notify([OUTBOX])
    wake_ups.stop()
    await asyncio.sleep(2 * MIN_INTERVAL_S)
    assert len(calls) == 1


async def test_only_the_subscribers_of_a_queue_are_woken_and_none_is_forgotten_in_a_rest(
    calls: list[str],
) -> None:
    wake_ups = WakeUps()
    wake_ups.subscribe(OUTBOX, lambda: calls.append("outbox"))
    wake_ups.subscribe(POLLS, lambda: calls.append("polls"))
    wake_ups.subscribe(WorkQueue.SUBMISSIONS, lambda: calls.append("submissions"))
    wake_ups.notify([OUTBOX])
    assert calls == ["outbox"]
    wake_ups.notify([POLLS])
    wake_ups.notify([OUTBOX])
    await asyncio.sleep(2 * MIN_INTERVAL_S)
    assert calls == ["outbox", "outbox", "polls"]
