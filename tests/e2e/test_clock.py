from datetime import datetime, timedelta

import pytest

from bot.services import retention
from bot.services.retention import Chore
from bot.storage import store
from tests.e2e.stage import LONG_S, PLENTY, Stage

HOUR_S, DAY_S = 3600, 86_400


class SetClock:
    """The host's clock, which somebody sets."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._true = store.utc_now

    def __call__(self) -> datetime:
        return self._true() + self.ahead

    def set(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    found = SetClock()
    monkeypatch.setattr(store, "utc_now", found)
    monkeypatch.setitem(retention.EVERY, Chore.TIMES, timedelta(seconds=0.1))
    return found


async def asked_again(local: Stage) -> None:
    asked = len(local.questions)
    await local.discord.wait_for(lambda: len(local.questions) > asked, timeout_s=LONG_S)


@pytest.mark.parametrize(
    "jumps_s", [(-HOUR_S,), (-DAY_S,), (HOUR_S,), (DAY_S, -DAY_S), (-HOUR_S, HOUR_S)], ids=str
)
async def test_a_clock_that_is_set_costs_no_song_and_delays_none(
    local: Stage, clock: SetClock, caplog: pytest.LogCaptureFixture, jumps_s: tuple[float, ...]
) -> None:
    local.song_takes(1.5)
    async with local.bot(default_allowance=PLENTY, give_up_s=300):
        message = await local.place()
        for jump_s in jumps_s:
            await asked_again(local)
            clock.set(jump_s)
        await local.shows(message, "Your song is ready")
        await local.placed_result()
    told = [record for record in caplog.records if "the clock was set back" in record.getMessage()]
    backwards = sum(jump_s < 0 for jump_s in jumps_s)
    # one line a look that finds something; what is leased meanwhile is found by the next look
    assert backwards <= len(told) <= 2 * backwards


async def test_what_is_due_after_a_restart_on_a_clock_that_is_behind_is_due_at_once(
    local: Stage, clock: SetClock
) -> None:
    local.song_takes(0.3)
    clock.set(DAY_S)
    async with local.bot():
        message = await local.place()
        await local.discord.wait_for(lambda: len(local.questions) >= 2, timeout_s=LONG_S)
    clock.set(-DAY_S)
    async with local.bot():
        await local.shows(message, "Your song is ready")
