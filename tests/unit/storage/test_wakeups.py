"""How often a store wakes its listeners."""

import asyncio

import pytest

from bot.storage.wakeups import WakeUps

LONG_S = 30


@pytest.fixture
def rung() -> list[str]:
    return []


async def test_everybody_who_subscribed_hears_of_it_at_once(rung: list[str]) -> None:
    bells = WakeUps()
    bells.subscribe(lambda: rung.append("one"))
    bells.subscribe(lambda: rung.append("other"))
    bells.notify()
    assert rung == ["one", "other"]


async def test_however_often_they_are_pulled_they_ring_once_more_after_a_rest(rung: list[str]) -> None:
    bells, again = WakeUps(), asyncio.Event()

    def bell() -> None:
        rung.append("")
        if len(rung) == 2:
            again.set()

    bells.subscribe(bell)
    for _ in range(100):
        bells.notify()
    assert len(rung) == 1
    async with asyncio.timeout(LONG_S):
        await again.wait()
    assert len(rung) == 2


async def test_after_a_rest_in_which_nothing_came_they_ring_at_once(
    rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.wakeups.MIN_INTERVAL_S", 0.0)
    bells = WakeUps()
    bells.subscribe(lambda: rung.append(""))
    bells.notify()
    rested = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, rested.set)  # behind the end of the rest
    await rested.wait()
    assert len(rung) == 1
    bells.notify()
    assert len(rung) == 2


async def test_what_has_not_rung_when_they_are_stopped_never_rings(
    rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.wakeups.MIN_INTERVAL_S", 0.0)
    bells = WakeUps()
    bells.subscribe(lambda: rung.append(""))
    bells.notify()
    bells.notify()
    bells.stop()
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, over.set)
    await over.wait()
    assert len(rung) == 1
